import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../errno.ts';
import { LinuxProcesses } from '../linux/processes.ts';
import { Channel } from '../native.ts';
import { Conversation } from './conversation.ts';
import { type Deadlines, within } from './deadline.ts';
import { messageType, protocolVersion } from './protocol.ts';

/** One that dies sooner than this after its start is not started again until somebody needs it, in milliseconds. */
const shortLife = 1000;
/** The one that answered a moment ago may have been about to die. */
const attempts = 3;

export interface NurseryOptions {
  runDir: string;
  keeperPath: string;
  deadlines: Deadlines;
  report: (message: string) => void;
  /** Called when the run directory is there and no nursery has looked at it yet. */
  beforeStart: () => Promise<void>;
}

/** The nursery of a run directory: started when there is none, again when it dies, anew when it does not answer. */
export class Nursery {
  readonly #options: NurseryOptions;
  /** Kept to be told of its end. */
  #held: Conversation | null = null;
  #preparing: Promise<void> | null = null;
  #released = false;

  constructor(options: NurseryOptions) {
    this.#options = options;
  }

  /** Resolves when one answers, which is started if need be. */
  prepare(): Promise<void> {
    this.#preparing ??= this.#prepare().finally(() => {
      this.#preparing = null;
    });
    return this.#preparing;
  }

  /** A conversation with the one that lives. */
  async connect(): Promise<Conversation> {
    const conversation = connectTo(this.#socket);
    if (conversation instanceof Conversation) return conversation;
    this.#drop();
    await this.prepare();
    return new Conversation(Channel.connect(this.#socket));
  }

  /** Replaces the one at the other end if it does not answer. */
  async check(conversation: Conversation): Promise<void> {
    if (this.#held !== null && this.#held.peerPid !== conversation.peerPid) return;
    this.#drop();
    await this.prepare();
  }

  /** `prepare` that takes nobody's word: the end of the one that is held may not have been heard of here yet. */
  async confirm(): Promise<void> {
    this.#drop();
    await this.prepare();
    // Another's `prepare` that was under way may have trusted the one that was held.
    if (this.#held === null) await this.prepare();
  }

  /** Whether, after `prepare`, it is another process than this one. */
  async replaced(pid: number): Promise<boolean> {
    // Its end may not have been heard of here yet.
    if (this.#held?.peerPid === pid) this.#drop();
    await this.prepare();
    return this.#held !== null && this.#held.peerPid !== pid;
  }

  /** Ends it; keepers go on. */
  async retire(): Promise<void> {
    this.release();
    const conversation = connectTo(this.#socket);
    if (!(conversation instanceof Conversation)) return;
    try {
      await within(this.#options.deadlines.nursery, 'the nursery', conversation.ask(messageType.retire));
    } catch (error) {
      if (!isErrno(error, 'ETIMEDOUT')) throw error;
      await killKeeperProcess(conversation.peerPid);
    } finally {
      conversation.close();
    }
  }

  /** Forgets it; it goes on. */
  release(): void {
    this.#released = true;
    this.#drop();
  }

  #drop(): void {
    this.#held?.close();
    this.#held = null;
  }

  get #socket(): string {
    return join(this.#options.runDir, 'nursery.sock');
  }

  async #prepare(): Promise<void> {
    this.#released = false;
    await mkdir(this.#options.runDir, { recursive: true, mode: 0o700 });
    let words = '';
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (await this.#greet()) return;
      await this.#options.beforeStart();
      words = await this.#start();
    }
    if (!(await this.#greet())) throw new Error(`lxctl-keeper did not start: ${words || 'its nursery does not answer'}`);
  }

  /** Runs the program until its nursery listens. Gives words when it does not. */
  async #start(): Promise<string> {
    const nursery = spawn(this.#options.keeperPath, ['nursery', this.#options.runDir], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {},
      detached: true,
    });
    let words = '';
    nursery.stderr.setEncoding('utf8').on('data', (text: string) => {
      words += text;
    });
    const [code] = await once(nursery, 'close');
    return code === 0 ? '' : words.trim() || `status ${code}`;
  }

  /** Whether one of our version answers. Any other makes room: its keepers go on, and the next nursery watches them. */
  async #greet(): Promise<boolean> {
    if (this.#held?.open) return true;
    const conversation = connectTo(this.#socket);
    if (conversation === 'nobody') return false;
    if (conversation === 'stuck') {
      await this.#replace(Number(await readFile(join(this.#options.runDir, 'nursery.pid'), 'utf8').catch(() => '0')));
      return false;
    }
    try {
      return await within(this.#options.deadlines.nursery, 'the nursery', this.#agree(conversation));
    } catch (error) {
      if (isErrno(error, 'ETIMEDOUT')) await this.#replace(conversation.peerPid);
      else if (!isErrno(error, 'ECONNRESET', 'EPIPE')) throw error;
      return false;
    } finally {
      if (this.#held !== conversation) conversation.close();
    }
  }

  async #agree(conversation: Conversation): Promise<boolean> {
    const { answer } = await conversation.ask(messageType.hello);
    if (answer.type === 'greeting' && answer.version === protocolVersion) {
      this.#hold(conversation);
      return true;
    }
    await conversation.ask(messageType.retire);
    return false;
  }

  async #replace(pid: number): Promise<void> {
    this.#options.report(`the nursery (process ${pid}) does not answer: another takes its place`);
    await killKeeperProcess(pid);
  }

  #hold(conversation: Conversation): void {
    const since = Date.now();
    this.#held = conversation;
    conversation.unref();
    conversation.onGone = () => {
      if (this.#held === conversation) this.#held = null;
      if (this.#released || Date.now() - since < shortLife) return;
      this.#options.report('the nursery is gone: it is started again');
      this.prepare().catch((error: unknown) => this.#options.report(String(error)));
    };
  }
}

/** 'nobody' listens there; 'stuck': its queue of connections is full, so it has not looked at it for long. */
export function connectTo(path: string): Conversation | 'nobody' | 'stuck' {
  try {
    return new Conversation(Channel.connect(path));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ECONNREFUSED')) return 'nobody';
    if (isErrno(error, 'EAGAIN')) return 'stuck';
    throw error;
  }
}

/** Kills one of our programs that does not answer and waits for its end. Another process of that number is left alone. */
export async function killKeeperProcess(pid: number): Promise<void> {
  const handle = pid > 0 ? await new LinuxProcesses().open(pid) : null;
  if (handle === null) return;
  try {
    // The pidfd holds the process that the name is read of.
    if ((await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim() !== 'lxctl-keeper') return;
    handle.signal(9);
    await handle.ended;
  } finally {
    handle.close();
  }
}
