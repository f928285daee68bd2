import { readdir, readFile, rm } from 'node:fs/promises';
import { type ProcessHandle, type Processes, runProgram } from '#lib/host';
import { delay } from '#lib/base';
import { Serial } from '../../serial.ts';

export interface DnsmasqOptions {
  processes: Processes;
  /** The program; found by PATH when it has no slash. */
  program: string;
  /** dnsmasq ended by itself: whether it could be started again (null), or why not; then it is tried again later. */
  onDeath: (problem: Error | null) => void;
}

/**
 * The DHCP and DNS server of one bridge. It is started as a daemon of its own, so that it outlives this one; a later
 * daemon knows it by its pid file and its arguments, and takes it over. Ended by somebody else, it is started again.
 *
 * INVARIANT: `#wanted` is aborted by every `run`, `stop` and `release`, which ends the restarting that an earlier `run`
 * began; starting and stopping go one after the other.
 */
export class Dnsmasq {
  #current: ProcessHandle | null = null;
  #wanted = new AbortController();
  readonly #serial = new Serial();
  readonly #pidFile: string;
  readonly #options: DnsmasqOptions;

  constructor(pidFile: string, options: DnsmasqOptions) {
    this.#pidFile = pidFile;
    this.#options = options;
  }

  get running(): boolean {
    return this.#current !== null;
  }

  /** Sees to it that one runs with these arguments (`--pid-file` among them): takes over, or ends the old and starts. */
  run(args: readonly string[]): Promise<void> {
    return this.#serial.run(() => this.#run(args));
  }

  stop(): Promise<void> {
    return this.#serial.run(() => this.#stop());
  }

  /** Reads all host entries anew: inotify tells dnsmasq of new ones, never of those that went. */
  reload(): void {
    this.#current?.signal(1);
  }

  /** Lets go of the running process without ending it. */
  release(): void {
    const current = this.#current;
    this.#forget();
    current?.close();
  }

  async #run(args: readonly string[]): Promise<void> {
    const found = await this.#find();
    if (found && sameArguments(found.args, args) && (await this.#take(found.pid, args))) {
      // Host entries may have gone while no daemon looked.
      this.reload();
      return;
    }
    await this.#stop();
    await this.#start(args);
  }

  async #stop(): Promise<void> {
    const found = await this.#find();
    const process = this.#current ?? (found && (await this.#options.processes.open(found.pid)));
    this.#forget();
    if (!process) return;
    process.signal(15);
    const stubborn = setTimeout(() => process.signal(9), 3000);
    await process.ended;
    clearTimeout(stubborn);
    process.close();
    await rm(this.#pidFile, { force: true });
  }

  #forget(): void {
    this.#wanted.abort();
    this.#current = null;
  }

  async #start(args: readonly string[]): Promise<true> {
    // It returns when its sockets are open and the configuration is good, or says on stderr what is wrong.
    await runProgram(this.#options.program, args, { cwd: '/', timeoutMs: 10_000, tellingLine: 'first' });
    const found = await this.#find();
    if (!found || !(await this.#take(found.pid, args))) throw new Error('dnsmasq ended as soon as it was started; its log says why');
    return true;
  }

  /** Watches the process from now on. False when it is gone. */
  async #take(pid: number, args: readonly string[]): Promise<boolean> {
    if (this.#current?.pid === pid) return true;
    const process = await this.#options.processes.open(pid);
    if (!process) return false;
    this.#forget();
    this.#current = process;
    const wanted = new AbortController();
    this.#wanted = wanted;
    const since = Date.now();
    void process.ended.then(async () => {
      if (wanted.signal.aborted) return;
      this.#current = null;
      process.close();
      await this.#restart(args, wanted.signal, Date.now() - since < 10_000);
    });
    return true;
  }

  /** At once when it had run for a while, else after a pause; again and again, with longer pauses, until it stays. */
  async #restart(args: readonly string[], wanted: AbortSignal, pauseFirst: boolean): Promise<void> {
    for (let pause = pauseFirst ? 1000 : 0; ; pause = Math.min(60_000, pause * 2 || 1000)) {
      if (pause > 0) await delay(pause, wanted);
      if (wanted.aborted) return;
      try {
        const started = await this.#serial.run(() => (wanted.aborted ? Promise.resolve(false) : this.#start(args)));
        return started ? this.#options.onDeath(null) : undefined;
      } catch (error) {
        this.#options.onDeath(error as Error);
      }
    }
  }

  /** The process the pid file names; where the file is gone, one that was told to write it. */
  async #find(): Promise<{ pid: number; args: string[] } | null> {
    const named = await this.#ours((await readFile(this.#pidFile, 'utf8').catch(() => '')).trim());
    if (named) return named;
    for (const pid of await readdir('/proc')) {
      const found = await this.#ours(pid);
      if (found) return found;
    }
    return null;
  }

  /** If it is a dnsmasq that was told to write this very file: pids are used again. */
  async #ours(text: string): Promise<{ pid: number; args: string[] } | null> {
    const pid = /^\d+$/.test(text) ? Number(text) : 0;
    if (pid <= 1) return null;
    const cmdline = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const args = cmdline.split('\0').slice(1, -1);
    return args.includes(`--pid-file=${this.#pidFile}`) ? { pid, args } : null;
  }
}

function sameArguments(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((arg, position) => arg === other[position]);
}
