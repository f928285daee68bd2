import type { Duplex } from 'node:stream';
import { type FileSession, SftpClient } from '#lib/host';

/** A server of files that has just been started. */
export interface RoomSession extends Pick<FileSession, 'kill'> {
  stream: Duplex;
}

export interface RoomTimes {
  /** How long a file system may take for one answer, in milliseconds. */
  answer: number;
  /** How long a server that nobody uses is kept, in milliseconds. */
  idle: number;
}

export const usualTimes: RoomTimes = { answer: 10_000, idle: 5000 };

interface Room {
  client: SftpClient;
  users: number;
  /** Runs while nobody uses it. */
  timer: NodeJS.Timeout | null;
}

/**
 * One server of files an instance, made when it is first needed, shared by all who ask meanwhile, and kept for a while: a client
 * that pushes a tree asks for each file anew.
 */
export class FileRooms {
  readonly #rooms = new Map<string, Promise<Room>>();
  readonly #open: (id: string) => Promise<RoomSession>;
  readonly #times: RoomTimes;

  constructor(open: (id: string) => Promise<RoomSession>, times: RoomTimes = usualTimes) {
    this.#open = open;
    this.#times = times;
  }

  /** Seconds that an answer may take. */
  get patience(): number {
    return this.#times.answer / 1000;
  }

  /** The client of the instance's server, until `leave`. Rejects with what the start of a server rejects. */
  async enter(id: string): Promise<{ client: SftpClient; leave: () => void }> {
    const room = await this.#living(id);
    room.users += 1;
    if (room.timer) clearTimeout(room.timer);
    room.timer = null;
    let inside = true;
    const leave = () => {
      if (!inside) return;
      inside = false;
      room.users -= 1;
      if (room.users === 0 && room.client.open) room.timer = setTimeout(() => room.client.close(), this.#times.idle).unref();
    };
    return { client: room.client, leave };
  }

  /** Ends all; whoever is inside fails. */
  close(): void {
    for (const room of this.#rooms.values()) void room.then(({ client }) => client.close()).catch(() => undefined);
  }

  async #living(id: string): Promise<Room> {
    for (;;) {
      const known = this.#rooms.get(id);
      if (!known) return this.#make(id);
      const room = await known;
      if (room.client.open) return room;
      this.#forget(id, known);
    }
  }

  #make(id: string): Promise<Room> {
    const making = this.#start(id);
    this.#rooms.set(id, making);
    making.then(
      ({ client }) => client.closed.then(() => this.#forget(id, making)),
      () => this.#forget(id, making),
    );
    return making;
  }

  async #start(id: string): Promise<Room> {
    const session = await this.#open(id);
    const client = new SftpClient(session.stream, { deadline: this.#times.answer, stuck: () => session.kill() });
    await client.greet();
    return { client, users: 0, timer: null };
  }

  #forget(id: string, room: Promise<Room>): void {
    if (this.#rooms.get(id) === room) this.#rooms.delete(id);
  }
}
