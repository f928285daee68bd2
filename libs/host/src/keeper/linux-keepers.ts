import { once } from 'node:events';
import { watch } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isLxError, LxError } from '#lib/contract';
import { isErrno } from '../errno.ts';
import type { LaunchPlan, RoomPlan } from '../launch-plan.ts';
import type { EndRecord, FileRoom, Keeper, KeeperInfo, Keepers } from '../ports.ts';
import { ByteWriter } from './bytes.ts';
import type { Conversation, KeeperError, Reply } from './conversation.ts';
import { type Deadlines, usualDeadlines, within } from './deadline.ts';
import { encodePlan, encodeRoom } from './encode-plan.ts';
import { LinuxKeeper } from './linux-keeper.ts';
import { LinuxRoom } from './linux-room.ts';
import { connectTo, killKeeperProcess, Nursery } from './nursery.ts';
import { messageType } from './protocol.ts';

/** A launch is looked after this often, in milliseconds. */
const launchLook = 2000;

export interface KeeperPlaces {
  /** Sockets, plans and end records; root's alone. */
  runDir: string;
  /** The lxctl-keeper program. */
  keeperPath: string;
  deadlines?: Partial<Deadlines>;
  /** Told what an operator should know: who does not answer, what was started again. */
  report?: (message: string) => void;
}

export class LinuxKeepers implements Keepers {
  readonly #runDir: string;
  readonly #deadlines: Deadlines;
  readonly #report: (message: string) => void;
  readonly #nursery: Nursery;
  readonly #held = new Set<LinuxKeeper>();

  constructor(places: KeeperPlaces) {
    this.#runDir = places.runDir;
    this.#deadlines = { ...usualDeadlines, ...places.deadlines };
    this.#report = places.report ?? (() => undefined);
    this.#nursery = new Nursery({
      runDir: places.runDir,
      keeperPath: places.keeperPath,
      deadlines: this.#deadlines,
      report: this.#report,
      // So that the next nursery, and the next daemon, find them also when the directory was deleted under them.
      beforeStart: async () => void (await Promise.all([...this.#held].map((keeper) => keeper.renew()))),
    });
  }

  prepare(): Promise<void> {
    return this.#nursery.prepare();
  }

  async launch(plan: LaunchPlan): Promise<Keeper> {
    const body = encodePlan(plan);
    return this.#atNursery('launch.failed', async (conversation) =>
      this.#hold(conversation, await this.#launched(conversation, plan.id, body)),
    );
  }

  async openRoom(plan: RoomPlan): Promise<FileRoom> {
    const confirmEnd = () => this.#confirmRoomEnd(plan.id);
    try {
      return await this.#atNursery('file.room_failed', async (conversation) => {
        await within(this.#deadlines.answer, 'the room of files', conversation.ask(messageType.room, encodeRoom(plan)));
        return new LinuxRoom(conversation, { deadlines: this.#deadlines, confirmEnd });
      });
    } catch (error) {
      // It did not say itself that nothing is left of it.
      if (!isLxError(error, 'file.room_failed')) await confirmEnd();
      throw error;
    }
  }

  async endRooms(): Promise<void> {
    if ((await this.#files('.room')).length > 0) await this.#confirmRoomEnd('');
  }

  /** Of an id, or of all. */
  async #confirmRoomEnd(id: string): Promise<void> {
    try {
      await this.#atNursery('file.room_failed', async (conversation) => {
        await within(this.#deadlines.sweep, 'the nursery', conversation.ask(messageType.roomsOver, new ByteWriter().text(id).done()));
        conversation.close();
      });
    } catch (error) {
      throw new LxError('file.room_stuck', undefined, { cause: error });
    }
  }

  /** What the nursery hands over to a process of its own, which takes the conversation with it. A step that it could not do is told as `code`. */
  async #atNursery<T>(code: 'launch.failed' | 'file.room_failed', work: (conversation: Conversation) => Promise<T>): Promise<T> {
    for (;;) {
      const conversation = await this.#nursery.connect();
      try {
        return await work(conversation);
      } catch (error) {
        conversation.close();
        // A nursery that died has forked no keeper for it: whoever has one takes the connection over.
        if (isErrno(error, 'ECONNRESET', 'EPIPE') && (await this.#nursery.replaced(conversation.peerPid))) continue;
        throw stepError(error, code);
      }
    }
  }

  async survivors(): Promise<Keeper[]> {
    const names = (await this.#files('.sock')).filter((name) => name !== 'nursery.sock');
    const keepers = await Promise.all(names.map((name) => this.#meet(name.slice(0, -'.sock'.length))));
    return keepers.filter((keeper) => keeper !== null);
  }

  async endRecords(): Promise<EndRecord[]> {
    const names = await this.#files('.end');
    const records = await Promise.all(names.map((name) => readEnd(join(this.#runDir, name))));
    return records.filter((record) => record !== null);
  }

  async forgetEndRecord(id: string): Promise<void> {
    await rm(this.#path(id, 'end'), { force: true });
  }

  retire(): Promise<void> {
    return this.#nursery.retire();
  }

  release(): void {
    this.#nursery.release();
  }

  #path(id: string, suffix: 'sock' | 'end'): string {
    return join(this.#runDir, `${id}.${suffix}`);
  }

  async #files(suffix: string): Promise<string[]> {
    const names = await readdir(this.#runDir).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    });
    return names.filter((name) => name.endsWith(suffix));
  }

  #hold(conversation: Conversation, running: Reply | KeeperInfo): LinuxKeeper {
    const keeper = new LinuxKeeper(conversation, running, { findEnd: (id) => this.#findEnd(id), deadlines: this.#deadlines });
    this.#held.add(keeper);
    void keeper.ended.then(() => this.#held.delete(keeper));
    return keeper;
  }

  /** Waits for a launch. A nursery that is stopped is replaced meanwhile; a keeper that is, is given up. */
  async #launched(conversation: Conversation, id: string, body: Uint8Array): Promise<Reply> {
    const asked = conversation.ask(messageType.launch, body);
    const end = Date.now() + this.#deadlines.launch;
    for (;;) {
      try {
        return await within(launchLook, 'the keeper', asked);
      } catch (error) {
        if (!isErrno(error, 'ETIMEDOUT')) throw error;
        if (Date.now() >= end) {
          await this.#abandon(id);
          throw Object.assign(error, { stage: 'keeper', path: id });
        }
        // Its end ends this conversation too, unless a keeper has it.
        await this.#nursery.check(conversation);
      }
    }
  }

  /** The nursery clears up behind the keeper. */
  async #abandon(id: string): Promise<void> {
    const keeper = connectTo(this.#path(id, 'sock'));
    if (typeof keeper === 'string') return;
    await killKeeperProcess(keeper.peerPid);
    keeper.close();
  }

  /** One that does not answer in time is taken as it is; what it says later is heard. null: nobody is there. */
  async #meet(id: string): Promise<Keeper | null> {
    const conversation = connectTo(this.#path(id, 'sock'));
    if (conversation === 'stuck') this.#report(`the keeper of ${id} takes no connection, so it is left alone`);
    if (typeof conversation === 'string') return null;
    const asked = conversation.ask(messageType.info);
    try {
      return this.#hold(conversation, await within(this.#deadlines.adoption, 'the keeper', asked));
    } catch (error) {
      if (isErrno(error, 'ETIMEDOUT')) return this.#holdSilent(id, conversation, asked);
      conversation.close();
      // Its instance ended in this moment; the end record tells.
      if (isErrno(error, 'ECONNRESET')) return null;
      throw error;
    }
  }

  async #holdSilent(id: string, conversation: Conversation, asked: Promise<Reply>): Promise<Keeper> {
    const pid = conversation.peerPid;
    this.#report(`the keeper of ${id} (process ${pid}) does not answer: its instance is taken as running until it does`);
    const keeper = this.#hold(conversation, { id, initPid: await initOf(pid), startedAt: Date.now(), reboots: 0 });
    const heard = (reply: Reply): void => {
      keeper.hear(reply);
      this.#report(`the keeper of ${id} (process ${pid}) answers again`);
    };
    asked.then(heard, () => undefined);
    return keeper;
  }

  /** The record that the nursery writes for a keeper that was killed, once it has cleared up behind it. */
  async #findEnd(id: string): Promise<EndRecord> {
    // A new one clears up first of all. The old one may have died with the keeper, a moment ago.
    await this.#nursery.confirm().catch(() => undefined);
    const controller = new AbortController();
    const watcher = watch(this.#runDir, { signal: controller.signal });
    const timer = setTimeout(() => controller.abort(), this.#deadlines.sweep);
    watcher.on('error', () => undefined);
    try {
      for (;;) {
        const changed = once(watcher, 'change', { signal: controller.signal }).then(
          () => true,
          () => false,
        );
        const record = await readEnd(this.#path(id, 'end'));
        if (record !== null) return record;
        if (!(await changed)) return { id, reason: 'killed', status: 9, endedAt: Date.now(), detail: 'the keeper is gone' };
      }
    } finally {
      clearTimeout(timer);
      controller.abort();
    }
  }
}

/** The container's init as the kernel lists it: the keeper's child that is process 1 of its own pid namespace. 0: unknown. */
async function initOf(keeperPid: number): Promise<number> {
  const children = await readFile(`/proc/${keeperPid}/task/${keeperPid}/children`, 'utf8').catch(() => '');
  for (const pid of children.split(' ').filter(Boolean)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (/^NSpid:\t.*\t1$/m.test(status)) return Number(pid);
  }
  return 0;
}

async function readEnd(path: string): Promise<EndRecord | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as EndRecord;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

function stepError(error: unknown, told: 'launch.failed' | 'file.room_failed'): unknown {
  if (!(error instanceof Error) || !('stage' in error)) return error;
  const { stage, syscall, code, path } = error as KeeperError;
  return new LxError(told, { stage, syscall, errno: code, path: path ?? '' }, { cause: error });
}
