import { Deferred } from '#lib/base';
import { LxError } from '#lib/contract';
import { isErrno } from '../errno.ts';
import { type AddressInfo, closeFd, type LinkInfo, readFd, RouteSocket } from '../native.ts';
import type { EndRecord, ExecRequest, FileSession, Keeper, KeeperInfo, RunningExec } from '../ports.ts';
import type { DeviceMount } from '../launch-plan.ts';
import type { LinkLimits, LinkPlan } from '../link-plan.ts';
import { ByteWriter } from './bytes.ts';
import type { Conversation, Reply } from './conversation.ts';
import { type Deadlines, within } from './deadline.ts';
import { encodeProxy } from './encode-proxy.ts';
import type { ProxyPlan } from '../proxy-plan.ts';
import { encodeLimits, encodeLink } from './encode-link.ts';
import { encodeDevice } from './encode-plan.ts';
import { fileSession } from './file-session.ts';
import { killKeeperProcess } from './nursery.ts';
import { encodeExec, messageType, type MessageType } from './protocol.ts';

/** What a command looks like to a shell when it was killed with everything around it. */
const killedCode = 137;
const who = 'the keeper';

/** What a keeper needs of those that made it. */
export interface KeeperOptions {
  /** How an instance ended whose keeper went away without a word. */
  findEnd: (id: string) => Promise<EndRecord>;
  deadlines: Deadlines;
}

/** One keeper at the other end of a connection. */
export class LinuxKeeper implements Keeper {
  onReboot: ((info: KeeperInfo) => void) | null = null;
  readonly #conversation: Conversation;
  readonly #deadlines: Deadlines;
  #current: KeeperInfo;
  #routeFd: number | null = null;
  #routes: RouteSocket | null = null;
  readonly #end = new Deferred<EndRecord>();
  readonly #execs = new Map<number, Deferred<number>>();

  /** `running`: the answer to LAUNCH or INFO, or what is known of one that has not answered yet. */
  constructor(conversation: Conversation, running: Reply | KeeperInfo, { findEnd, deadlines }: KeeperOptions) {
    this.#conversation = conversation;
    this.#deadlines = deadlines;
    this.#current = 'answer' in running ? this.#adopt(running) : running;
    conversation.onEvent = (event) => this.#handle(event);
    conversation.onGone = () => {
      for (const exited of this.#execs.values()) exited.resolve(killedCode);
      this.#end.resolve(findEnd(this.info.id).catch((error: unknown) => unknownEnd(this.info.id, error)));
    };
  }

  get info(): KeeperInfo {
    return this.#current;
  }

  get ended(): Promise<EndRecord> {
    return this.#end.promise;
  }

  /** The answer to INFO of one that was silent before. */
  hear(running: Reply): void {
    this.#current = this.#adopt(running);
  }

  /** Has it make its files anew where they were deleted. One that does not answer is left as it is. */
  async renew(): Promise<void> {
    await within(this.#deadlines.adoption, who, this.#conversation.ask(messageType.renew)).catch(() => undefined);
  }

  async signal(signal: number): Promise<void> {
    await this.#ask(messageType.signal, new ByteWriter().u32(signal).done());
  }

  async kill(): Promise<EndRecord> {
    try {
      await within(this.#deadlines.kill, who, this.#conversation.ask(messageType.kill));
      return await within(this.#deadlines.end, who, this.ended);
    } catch (error) {
      // One that is gone answers through `ended`. A silent one is killed, its container with it, and the nursery clears up.
      if (isErrno(error, 'ETIMEDOUT') && this.#conversation.open) await killKeeperProcess(this.#conversation.peerPid);
    }
    return this.ended;
  }

  async exec(request: ExecRequest): Promise<RunningExec> {
    const { stdio } = request;
    const fds = stdio.terminal ? [] : [stdio.stdin, stdio.stdout, stdio.stderr];
    const asked = this.#conversation.ask(messageType.exec, encodeExec(request), fds);
    try {
      return this.#running(await within(this.#deadlines.answer, who, asked));
    } catch (error) {
      // Told to have failed, it may not run later.
      if (isErrno(error, 'ETIMEDOUT')) asked.then((reply) => this.#discard(this.#running(reply))).catch(() => undefined);
      throw isEnding(error) ? new LxError('instance.not_running', undefined, { cause: error }) : error;
    }
  }

  async files(): Promise<FileSession> {
    const asked = this.#conversation.ask(messageType.files);
    try {
      return fileSession(this.#conversation, await within(this.#deadlines.answer, who, asked));
    } catch (error) {
      // A server that comes after that has no client.
      if (isErrno(error, 'ETIMEDOUT')) asked.then((reply) => reply.fds.forEach(closeFd)).catch(() => undefined);
      throw isEnding(error) ? new LxError('instance.not_running', undefined, { cause: error }) : error;
    }
  }

  async attachConsole(): Promise<number> {
    const { fds } = await this.#ask(messageType.consoleAttach);
    return only(fds);
  }

  async resizeConsole(columns: number, rows: number): Promise<void> {
    await this.#ask(messageType.consoleResize, new ByteWriter().u16(columns).u16(rows).done());
  }

  async readLog(): Promise<Buffer> {
    const fd = only((await this.#ask(messageType.logRead)).fds);
    try {
      return await readFd(fd);
    } finally {
      closeFd(fd);
    }
  }

  async clearLog(): Promise<void> {
    await this.#ask(messageType.logClear);
  }

  async mount(mount: DeviceMount): Promise<void> {
    await this.#ask(messageType.mount, encodeDevice(mount));
  }

  async unmount(target: string, remove: boolean): Promise<void> {
    await this.#ask(messageType.unmount, new ByteWriter().text(target).flag(remove).done());
  }

  async plug(link: LinkPlan): Promise<void> {
    const body = new ByteWriter();
    encodeLink(body, link);
    await this.#ask(messageType.plug, body.done());
  }

  async unplug(name: string): Promise<void> {
    await this.#ask(messageType.unplug, new ByteWriter().text(name).done());
  }

  async limit(name: string, limits: LinkLimits): Promise<void> {
    await this.#ask(messageType.limit, encodeLimits(new ByteWriter().text(name), limits).done());
  }

  async startProxy(proxy: ProxyPlan): Promise<void> {
    await this.#ask(messageType.proxy, encodeProxy(proxy));
  }

  async endProxy(name: string): Promise<void> {
    await this.#ask(messageType.proxyEnd, new ByteWriter().text(name).done());
  }

  async network(): Promise<{ links: LinkInfo[]; addresses: AddressInfo[] }> {
    if (this.#routes === null) {
      if (this.#routeFd === null) return { links: [], addresses: [] };
      this.#routes = new RouteSocket(this.#routeFd);
      this.#routeFd = null;
    }
    return this.#routes.snapshot();
  }

  close(): void {
    this.#conversation.close();
    this.#dropNetwork();
  }

  #running({ answer, fds }: Reply): RunningExec {
    if (answer.type !== 'execStarted') throw new Error(`the keeper answered ${answer.type} to exec`);
    const { exec, pid } = answer;
    const exited = this.#execs.get(exec)?.promise ?? Promise.resolve(killedCode);
    const signal = (number: number): void => {
      // ESRCH: it has just ended.
      this.#conversation.ask(messageType.execSignal, new ByteWriter().u32(exec).u32(number).done()).catch(() => undefined);
    };
    return { pid, terminal: fds[0] ?? null, exited, signal };
  }

  #discard({ terminal, signal }: RunningExec): void {
    signal(9);
    if (terminal !== null) closeFd(terminal);
  }

  #ask(type: MessageType, body?: Uint8Array): Promise<Reply> {
    return within(this.#deadlines.answer, who, this.#conversation.ask(type, body));
  }

  #handle({ answer, fds }: Reply): void {
    switch (answer.type) {
      case 'execStarted':
        this.#execs.set(answer.exec, new Deferred());
        break;
      case 'execExited':
        this.#execs.get(answer.exec)?.resolve(answer.code);
        this.#execs.delete(answer.exec);
        break;
      case 'rebooted':
        this.#current = this.#adopt({ answer, fds });
        this.onReboot?.(this.#current);
        break;
      case 'ended':
        this.#end.resolve({ id: this.info.id, ...answer.end });
        this.close();
        break;
      default:
        break;
    }
  }

  /** fds: the pidfd of init, and the route socket of the network namespace if there is one. */
  #adopt({ answer, fds }: Reply): KeeperInfo {
    if (answer.type !== 'running' && answer.type !== 'rebooted') throw new Error(`the keeper answered ${answer.type}`);
    const [pidfd, routes] = fds;
    if (pidfd !== undefined) closeFd(pidfd);
    this.#dropNetwork();
    this.#routeFd = routes ?? null;
    return answer.info;
  }

  #dropNetwork(): void {
    this.#routes?.close();
    if (this.#routeFd !== null) closeFd(this.#routeFd);
    this.#routes = null;
    this.#routeFd = null;
  }
}

/** INVARIANT: `ended` never rejects, because those that wait for it for ever have nobody to tell. */
function unknownEnd(id: string, error: unknown): EndRecord {
  return { id, reason: 'killed', status: 9, endedAt: Date.now(), detail: `the keeper is gone; its end record: ${String(error)}` };
}

/** Whether a command failed because the container ends around it. */
function isEnding(error: unknown): boolean {
  return isErrno(error, 'ECONNRESET', 'EPIPE') || (error instanceof Error && 'stage' in error && error.stage === 'ended');
}

function only(fds: readonly number[]): number {
  const [fd] = fds;
  if (fd === undefined) throw new Error('the keeper sent no file descriptor');
  return fd;
}
