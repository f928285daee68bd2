import { Deferred } from '#lib/base';
import { type AddressInfo, closeFd, type LinkInfo, readFd, RouteSocket } from '../native.ts';
import type { EndRecord, ExecRequest, Keeper, KeeperInfo, RunningExec } from '../ports.ts';
import { ByteWriter } from './bytes.ts';
import type { Conversation, Reply } from './conversation.ts';
import { encodeExec, messageType } from './protocol.ts';

/** What a command looks like to a shell when it was killed with everything around it. */
const killedCode = 137;

/** One keeper at the other end of a connection. */
export class LinuxKeeper implements Keeper {
  onReboot: ((info: KeeperInfo) => void) | null = null;
  private current: KeeperInfo;
  private routeFd: number | null = null;
  private routes: RouteSocket | null = null;
  private readonly end = new Deferred<EndRecord>();
  private readonly execs = new Map<number, Deferred<number>>();

  /** `running` is the answer to LAUNCH or INFO; `findEnd` says how an instance ended whose keeper went away without a word. */
  constructor(
    private readonly conversation: Conversation,
    running: Reply,
    findEnd: (id: string) => Promise<EndRecord>,
  ) {
    this.current = this.adopt(running);
    conversation.onEvent = (event) => this.handle(event);
    conversation.onGone = () => {
      for (const exited of this.execs.values()) exited.resolve(killedCode);
      this.end.resolve(findEnd(this.info.id).catch((cause: unknown) => unknownEnd(this.info.id, cause)));
    };
  }

  get info(): KeeperInfo {
    return this.current;
  }

  get ended(): Promise<EndRecord> {
    return this.end.promise;
  }

  async signal(signal: number): Promise<void> {
    await this.conversation.ask(messageType.signal, new ByteWriter().u32(signal).done());
  }

  async kill(): Promise<EndRecord> {
    // A keeper that is already gone answers through `ended`.
    await this.conversation.ask(messageType.kill).catch(() => undefined);
    return this.ended;
  }

  async exec(request: ExecRequest): Promise<RunningExec> {
    const { stdio } = request;
    const fds = stdio.terminal ? [] : [stdio.stdin, stdio.stdout, stdio.stderr];
    const { answer, fds: received } = await this.conversation.ask(messageType.exec, encodeExec(request), fds);
    if (answer.type !== 'execStarted') throw new Error(`the keeper answered ${answer.type} to exec`);
    const { exec, pid } = answer;
    const exited = this.execs.get(exec)?.promise ?? Promise.resolve(killedCode);
    const signal = (number: number): void => {
      // ESRCH: it has just ended.
      this.conversation.ask(messageType.execSignal, new ByteWriter().u32(exec).u32(number).done()).catch(() => undefined);
    };
    return { pid, terminal: received[0] ?? null, exited, signal };
  }

  async attachConsole(): Promise<number> {
    const { fds } = await this.conversation.ask(messageType.consoleAttach);
    return only(fds);
  }

  async resizeConsole(columns: number, rows: number): Promise<void> {
    await this.conversation.ask(messageType.consoleResize, new ByteWriter().u16(columns).u16(rows).done());
  }

  async readLog(): Promise<Buffer> {
    const fd = only((await this.conversation.ask(messageType.logRead)).fds);
    try {
      return await readFd(fd);
    } finally {
      closeFd(fd);
    }
  }

  async clearLog(): Promise<void> {
    await this.conversation.ask(messageType.logClear);
  }

  async network(): Promise<{ links: LinkInfo[]; addresses: AddressInfo[] }> {
    if (this.routes === null) {
      if (this.routeFd === null) return { links: [], addresses: [] };
      this.routes = new RouteSocket(this.routeFd);
      this.routeFd = null;
    }
    return this.routes.snapshot();
  }

  close(): void {
    this.conversation.close();
    this.dropNetwork();
  }

  private handle({ answer, fds }: Reply): void {
    switch (answer.type) {
      case 'execStarted':
        this.execs.set(answer.exec, new Deferred());
        break;
      case 'execExited':
        this.execs.get(answer.exec)?.resolve(answer.code);
        this.execs.delete(answer.exec);
        break;
      case 'rebooted':
        this.current = this.adopt({ answer, fds });
        this.onReboot?.(this.current);
        break;
      case 'ended':
        this.end.resolve({ id: this.info.id, ...answer.end });
        this.close();
        break;
      default:
        break;
    }
  }

  /** fds: the pidfd of init, and the route socket of the network namespace if there is one. */
  private adopt({ answer, fds }: Reply): KeeperInfo {
    if (answer.type !== 'running' && answer.type !== 'rebooted') throw new Error(`the keeper answered ${answer.type}`);
    const [pidfd, routes] = fds;
    if (pidfd !== undefined) closeFd(pidfd);
    this.dropNetwork();
    this.routeFd = routes ?? null;
    return answer.info;
  }

  private dropNetwork(): void {
    this.routes?.close();
    if (this.routeFd !== null) closeFd(this.routeFd);
    this.routes = null;
    this.routeFd = null;
  }
}

/** INVARIANT: `ended` never rejects, because those that wait for it for ever have nobody to tell. */
function unknownEnd(id: string, cause: unknown): EndRecord {
  return { id, reason: 'killed', status: 9, endedAt: Date.now(), detail: `the keeper is gone; its end record: ${String(cause)}` };
}

function only(fds: readonly number[]): number {
  const [fd] = fds;
  if (fd === undefined) throw new Error('the keeper sent no file descriptor');
  return fd;
}
