import { Deferred, delay } from '#lib/base';
import { LxError } from '#lib/contract';
import type { Operation } from '#lib/engine';
import { type FileRoom, type FileSession, isErrno } from '#lib/host';

/** All in milliseconds. */
export interface RoomTimes {
  /** How long a room that nobody uses is kept. */
  idle: number;
  /** How long a request waits for the operation that has the instance. */
  patience: number;
}

interface RoomOptions {
  /** Mounts the root of an instance. */
  open: (id: string) => Promise<FileRoom>;
  runs: (id: string) => boolean;
  report: (message: string, cause: unknown) => void;
  times?: RoomTimes;
}

/** One server in a room, for one client. */
export interface ServerInRoom {
  session: FileSession;
  /** To be called when the server is not used any more. */
  left: () => void;
  /** Called, and waited for, before the room is taken away for an operation. */
  onClosing: () => Promise<void>;
}

interface Room {
  opened: Promise<FileRoom>;
  servers: Set<Pick<ServerInRoom, 'onClosing'>>;
  /** Runs while nobody uses it. */
  timer: NodeJS.Timeout | null;
  /** Nobody enters any more. */
  closing: boolean;
  /** Null also of one that was to end and did not. */
  ending: Promise<void> | null;
}

/** The operations that have an instance. */
interface Held {
  operations: number;
  over: Deferred<void>;
}

/**
 * The rooms in which the files of instances that do not run are served: opened when they are first needed, and kept for a while.
 *
 * INVARIANT: while an operation has an instance, no room of it is open, and none is being opened. An operation mounts, seals or
 * replaces the root, and a root that is mounted twice is undefined (overlayfs.rst).
 */
export class FileRooms {
  readonly #options: RoomOptions;
  readonly #times: RoomTimes;
  readonly #rooms = new Map<string, Room>();
  readonly #held = new Map<string, Held>();
  /** How many operations have begun so far, on whatever instance. */
  begun = 0;

  constructor(options: RoomOptions) {
    this.#options = options;
    this.#times = options.times ?? { idle: 5000, patience: 10_000 };
  }

  /**
   * A new server in the instance's room; null: by now the instance runs. Rejects with LxError 'file.busy' when an operation has it
   * for long, and with what the opening of a room rejects.
   */
  async serve(id: string): Promise<ServerInRoom | null> {
    for (let again = true; ; again = false) {
      await this.#enterable(id);
      if (this.#options.runs(id)) return null;
      // No pause since the last look, so no operation can have come between.
      const room = this.#rooms.get(id) ?? this.#make(id);
      const server = this.#join(id, room);
      try {
        return Object.assign(server, { session: await (await room.opened).files() });
      } catch (error) {
        server.left();
        if (!again || !isErrno(error, 'ECONNRESET', 'EPIPE')) throw error;
        // It was killed: another takes its place when nothing of it is left.
        await this.#end(id, room);
      }
    }
  }

  /** Starts an operation on these instances when their rooms have ended; none is opened until it is over. */
  without(ids: readonly string[], start: () => Promise<Operation>): Promise<Operation> {
    const release = this.#hold(ids);
    const open = ids.filter((id) => this.#rooms.has(id));
    const started = open.length === 0 ? start() : this.#endAll(open).then(start);
    started.then((operation) => operation.done).then(release, release);
    return started;
  }

  /** Whether an operation has the instance. */
  isHeld(id: string): boolean {
    return this.#held.has(id);
  }

  /** Ends all. */
  async close(): Promise<void> {
    const ends = [...this.#rooms].map(([id, room]) => this.#end(id, room));
    for (const end of await Promise.allSettled(ends))
      if (end.status === 'rejected') this.#options.report('closing the files of a stopped instance', end.reason);
  }

  async #endAll(ids: readonly string[]): Promise<void> {
    await Promise.all([...this.#rooms].filter(([id]) => ids.includes(id)).map(([id, room]) => this.#end(id, room)));
  }

  /** Resolves when neither an operation nor the end of an earlier room is in the way. */
  async #enterable(id: string): Promise<void> {
    const enough = new AbortController();
    const late = delay(this.#times.patience, enough.signal).then(() => 'late' as const);
    try {
      for (;;) {
        const held = this.#held.get(id);
        const room = this.#rooms.get(id);
        if (!held && !room?.closing) return;
        const over = held ? held.over.promise : this.#end(id, room as Room);
        if ((await Promise.race([over, late])) === 'late') throw new LxError('file.busy');
      }
    } finally {
      enough.abort();
    }
  }

  #hold(ids: readonly string[]): () => void {
    this.begun += 1;
    for (const id of ids) {
      const held = this.#held.get(id) ?? { operations: 0, over: new Deferred<void>() };
      held.operations += 1;
      this.#held.set(id, held);
    }
    return () => {
      for (const id of ids) {
        const held = this.#held.get(id);
        if (!held || --held.operations > 0) continue;
        this.#held.delete(id);
        held.over.resolve();
      }
    };
  }

  #make(id: string): Room {
    const room: Room = { opened: this.#options.open(id), servers: new Set(), timer: null, closing: false, ending: null };
    this.#rooms.set(id, room);
    const forget = () => {
      if (this.#rooms.get(id) === room) this.#rooms.delete(id);
    };
    room.opened.then((opened) => opened.ended).then(forget, forget);
    return room;
  }

  #join(id: string, room: Room): Omit<ServerInRoom, 'session'> {
    if (room.timer) clearTimeout(room.timer);
    room.timer = null;
    const server = {
      onClosing: async () => {},
      left: () => {
        if (!room.servers.delete(server) || room.servers.size > 0 || room.closing) return;
        room.timer = setTimeout(() => {
          this.#end(id, room).catch((error: unknown) => this.#options.report('closing the files of a stopped instance', error));
        }, this.#times.idle).unref();
      },
    };
    room.servers.add(server);
    return server;
  }

  /** One that did not end can be asked again. */
  #end(id: string, room: Room): Promise<void> {
    if (room.timer) clearTimeout(room.timer);
    room.closing = true;
    room.ending ??= this.#close(id, room).catch((error: unknown) => {
      room.ending = null;
      throw error;
    });
    return room.ending;
  }

  async #close(id: string, room: Room): Promise<void> {
    const opened = await room.opened.catch(() => null);
    await Promise.all([...room.servers].map((server) => server.onClosing()));
    await opened?.end();
    if (this.#rooms.get(id) === room) this.#rooms.delete(id);
  }
}
