import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { isErrno } from '../errno.ts';
import type { LaunchPlan } from '../launch-plan.ts';
import { Channel } from '../native.ts';
import type { EndRecord, Keeper, Keepers } from '../ports.ts';
import { Conversation, type KeeperError } from './conversation.ts';
import { encodePlan } from './encode-plan.ts';
import { LinuxKeeper } from './linux-keeper.ts';
import { messageType, protocolVersion } from './protocol.ts';

/** How long the nursery may take to clear up behind a keeper that was killed. */
const sweepMilliseconds = 10_000;

export interface KeeperPlaces {
  /** Sockets, plans and end records; root's alone. */
  runDir: string;
  /** The lxctl-keeper program. */
  keeperPath: string;
}

export class LinuxKeepers implements Keepers {
  constructor(private readonly places: KeeperPlaces) {}

  async prepare(): Promise<void> {
    await mkdir(this.places.runDir, { recursive: true, mode: 0o700 });
    if (await this.greet()) return;
    // Twice, for the one that answered a moment ago may have been about to die.
    const words = (await this.start()) || (await this.start());
    if (words) throw new Error(`lxctl-keeper did not start: ${words}`);
  }

  async launch(plan: LaunchPlan): Promise<Keeper> {
    const conversation = new Conversation(Channel.connect(this.nurserySocket));
    try {
      const running = await conversation.ask(messageType.launch, encodePlan(plan));
      return new LinuxKeeper(conversation, running, (id) => this.findEnd(id));
    } catch (error) {
      conversation.close();
      throw launchError(error);
    }
  }

  async survivors(): Promise<Keeper[]> {
    const names = (await this.files('.sock')).filter((name) => name !== 'nursery.sock');
    const keepers = await Promise.all(names.map((name) => this.meet(join(this.places.runDir, name))));
    return keepers.filter((keeper) => keeper !== null);
  }

  async endRecords(): Promise<EndRecord[]> {
    const names = await this.files('.end');
    const records = await Promise.all(names.map((name) => readEnd(join(this.places.runDir, name))));
    return records.filter((record) => record !== null);
  }

  async forgetEndRecord(id: string): Promise<void> {
    await rm(this.endPath(id), { force: true });
  }

  async retire(): Promise<void> {
    const conversation = this.connect(this.nurserySocket);
    if (conversation === null) return;
    try {
      await conversation.ask(messageType.retire);
    } finally {
      conversation.close();
    }
  }

  private get nurserySocket(): string {
    return join(this.places.runDir, 'nursery.sock');
  }

  private endPath(id: string): string {
    return join(this.places.runDir, `${id}.end`);
  }

  private async files(suffix: string): Promise<string[]> {
    const names = await readdir(this.places.runDir).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    });
    return names.filter((name) => name.endsWith(suffix));
  }

  /** null: nobody listens there. */
  private connect(path: string): Conversation | null {
    try {
      return new Conversation(Channel.connect(path));
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ECONNREFUSED')) return null;
      throw error;
    }
  }

  /** Runs the program until its nursery listens. Gives words when it does not. */
  private async start(): Promise<string> {
    const nursery = spawn(this.places.keeperPath, ['nursery', this.places.runDir], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {},
      detached: true,
    });
    let words = '';
    nursery.stderr.setEncoding('utf8').on('data', (text: string) => {
      words += text;
    });
    const [code] = await once(nursery, 'close');
    if (code === 0 && (await this.greet())) return '';
    return words.trim() || `status ${code}`;
  }

  private async greet(): Promise<boolean> {
    const conversation = this.connect(this.nurserySocket);
    if (conversation === null) return false;
    try {
      const { answer } = await conversation.ask(messageType.hello);
      if (answer.type === 'greeting' && answer.version === protocolVersion) return true;
      // One of an earlier version makes room; its keepers go on, and the new one watches them.
      await conversation.ask(messageType.retire);
      return false;
    } catch (error) {
      if (isErrno(error, 'ECONNRESET', 'EPIPE')) return false;
      throw error;
    } finally {
      conversation.close();
    }
  }

  private async meet(path: string): Promise<Keeper | null> {
    const conversation = this.connect(path);
    if (conversation === null) return null;
    try {
      const running = await conversation.ask(messageType.info);
      return new LinuxKeeper(conversation, running, (id) => this.findEnd(id));
    } catch (error) {
      conversation.close();
      // Its instance ended in this moment; the end record tells.
      if (isErrno(error, 'ECONNRESET')) return null;
      throw error;
    }
  }

  /** The record that the nursery writes for a keeper that was killed, once it has cleared up behind it. */
  private async findEnd(id: string): Promise<EndRecord> {
    const controller = new AbortController();
    const watcher = watch(this.places.runDir, { signal: controller.signal });
    const timer = setTimeout(() => controller.abort(), sweepMilliseconds);
    watcher.on('error', () => undefined);
    try {
      // Starts a nursery if none lives, and that one clears up first of all.
      await this.prepare().catch(() => undefined);
      for (;;) {
        const changed = once(watcher, 'change', { signal: controller.signal }).then(
          () => true,
          () => false,
        );
        const record = await readEnd(this.endPath(id));
        if (record !== null) return record;
        if (!(await changed)) return { id, reason: 'killed', status: 9, endedAt: Date.now(), detail: 'the keeper is gone' };
      }
    } finally {
      clearTimeout(timer);
      controller.abort();
    }
  }
}

async function readEnd(path: string): Promise<EndRecord | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as EndRecord;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

function launchError(error: unknown): unknown {
  if (!(error instanceof Error) || !('stage' in error)) return error;
  const { stage, syscall, code, path } = error as KeeperError;
  return new LxError('launch.failed', { stage, syscall, errno: code, path: path ?? '' }, { cause: error });
}
