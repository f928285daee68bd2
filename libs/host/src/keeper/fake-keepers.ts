import { Deferred } from '#lib/base';
import { LxError } from '#lib/contract';
import type { DeviceMount, LaunchPlan, RoomPlan } from '../launch-plan.ts';
import type { LinkLimits, LinkPlan } from '../link-plan.ts';
import type { ProxyPlan } from '../proxy-plan.ts';
import type { AddressInfo, LinkInfo } from '../native.ts';
import type { EndReason, EndRecord, ExecRequest, FileRoom, FileSession, Keeper, KeeperInfo, Keepers, RunningExec } from '../ports.ts';

/** A keeper without a container. Tests end, reboot and script it. */
export class FakeKeeper implements Keeper {
  onReboot: ((info: KeeperInfo) => void) | null = null;
  readonly signals: number[] = [];
  readonly execs: ExecRequest[] = [];
  readonly sizes: { columns: number; rows: number }[] = [];
  /** Decides the exit code of each exec; a promise keeps the command running. */
  execCode: (request: ExecRequest) => number | Promise<number> = () => 0;
  /** What the instance does on a signal; by default nothing. */
  onSignal: (signal: number) => void = () => undefined;
  log = Buffer.alloc(0);
  view: { links: LinkInfo[]; addresses: AddressInfo[] } = { links: [], addresses: [] };
  /** What came while it ran, by target and by name. */
  readonly mounts = new Map<string, DeviceMount>();
  readonly links = new Map<string, LinkPlan>();
  readonly limits = new Map<string, LinkLimits>();
  readonly proxies = new Map<string, ProxyPlan>();
  /** Target or name that the guest holds taken. */
  refused: string | null = null;
  closed = false;
  readonly #end = new Deferred<EndRecord>();
  #over = false;

  readonly #onEnd: (record: EndRecord) => void;
  readonly #now: () => number;

  constructor(
    public info: KeeperInfo,
    onEnd: (record: EndRecord) => void = () => undefined,
    now: () => number = Date.now,
  ) {
    this.#onEnd = onEnd;
    this.#now = now;
  }

  get ended(): Promise<EndRecord> {
    return this.#end.promise;
  }

  /** The instance ends. */
  finish(reason: EndReason, status = 0): EndRecord {
    const record = { id: this.info.id, reason, status, endedAt: this.#now(), detail: '' };
    if (!this.#over) {
      this.#over = true;
      this.#onEnd(record);
      this.#end.resolve(record);
    }
    return record;
  }

  /** The guest reboots by itself. */
  reboot(): void {
    this.info = { ...this.info, initPid: this.info.initPid + 1, startedAt: this.#now(), reboots: this.info.reboots + 1 };
    this.onReboot?.(this.info);
  }

  async signal(signal: number): Promise<void> {
    this.signals.push(signal);
    this.onSignal(signal);
  }

  async kill(): Promise<EndRecord> {
    this.finish('killed', 9);
    return this.ended;
  }

  async exec(request: ExecRequest): Promise<RunningExec> {
    this.execs.push(request);
    const exited = Promise.race([Promise.resolve(this.execCode(request)), this.ended.then(() => 137)]);
    return { pid: 1000 + this.execs.length, terminal: null, exited, signal: (signal) => void this.signals.push(signal) };
  }

  async files(): Promise<FileSession> {
    throw Object.assign(new Error('ENOTSUP: a fake keeper has no files'), { code: 'ENOTSUP', errno: -95, syscall: 'files' });
  }

  async attachConsole(): Promise<number> {
    throw Object.assign(new Error('ENOTSUP: a fake keeper has no console'), { code: 'ENOTSUP', errno: -95, syscall: 'attach' });
  }

  async resizeConsole(columns: number, rows: number): Promise<void> {
    this.sizes.push({ columns, rows });
  }

  async readLog(): Promise<Buffer> {
    return this.log;
  }

  async clearLog(): Promise<void> {
    this.log = Buffer.alloc(0);
  }

  async mount(mount: DeviceMount): Promise<void> {
    this.#refuse(mount.target, this.mounts.has(mount.target));
    this.mounts.set(mount.target, mount);
  }

  async unmount(target: string): Promise<void> {
    this.mounts.delete(target);
  }

  async plug(link: LinkPlan): Promise<void> {
    this.#refuse(link.name, this.links.has(link.name));
    this.links.set(link.name, link);
  }

  async unplug(name: string): Promise<void> {
    this.links.delete(name);
  }

  async limit(name: string, limits: LinkLimits): Promise<void> {
    this.#refuse(name, false);
    this.limits.set(name, limits);
  }

  async startProxy(proxy: ProxyPlan): Promise<void> {
    this.#refuse(proxy.name, this.proxies.has(proxy.name));
    this.proxies.set(proxy.name, proxy);
  }

  async endProxy(name: string): Promise<void> {
    this.proxies.delete(name);
  }

  #refuse(what: string, taken: boolean): void {
    if (taken) throw Object.assign(new Error(`EEXIST: ${what}`), { code: 'EEXIST', errno: -17, syscall: 'mount' });
    if (this.refused === what) throw Object.assign(new Error(`EBUSY: ${what}`), { code: 'EBUSY', errno: -16, syscall: 'mount' });
  }

  async network(): Promise<{ links: LinkInfo[]; addresses: AddressInfo[] }> {
    return this.view;
  }

  close(): void {
    this.closed = true;
  }
}

/** A room without a root. */
export class FakeRoom implements FileRoom {
  readonly #end = new Deferred<void>();
  /** Set to make the next `end` fail. */
  failure: Error | null = null;
  /** How many servers it was asked for. */
  servers = 0;

  get ended(): Promise<void> {
    return this.#end.promise;
  }

  async files(): Promise<FileSession> {
    this.servers += 1;
    return { fd: -1, kill: () => undefined };
  }

  async end(): Promise<void> {
    const { failure } = this;
    this.failure = null;
    if (failure) throw failure;
    this.#end.resolve();
  }
}

/** Keepers in memory, with the behaviour of the real ones: an id runs once, an end leaves a record until it is forgotten. */
export class FakeKeepers implements Keepers {
  readonly plans: LaunchPlan[] = [];
  readonly running = new Map<string, FakeKeeper>();
  readonly records = new Map<string, EndRecord>();
  readonly rooms = new Map<string, FakeRoom>();
  readonly roomPlans: RoomPlan[] = [];
  prepared = false;
  /** Set to make the next launch fail at this step. */
  failure: { stage: string; syscall: string; errno: string; path: string } | null = null;
  #pids = 100;

  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async prepare(): Promise<void> {
    this.prepared = true;
  }

  async launch(plan: LaunchPlan): Promise<FakeKeeper> {
    const failure = this.running.has(plan.id) ? { stage: 'keeper', syscall: 'bind', errno: 'EADDRINUSE', path: plan.id } : this.failure;
    this.failure = null;
    if (failure) throw new LxError('launch.failed', failure);
    // The root would be mounted twice.
    if (this.rooms.has(plan.id)) throw new LxError('launch.failed', { stage: 'keeper', syscall: 'flock', errno: 'EBUSY', path: plan.id });
    this.plans.push(plan);
    this.records.delete(plan.id);
    this.#pids += 1;
    const info = { id: plan.id, initPid: this.#pids, startedAt: this.#now(), reboots: 0 };
    const keeper = new FakeKeeper(info, (record) => this.#end(record), this.#now);
    this.running.set(plan.id, keeper);
    return keeper;
  }

  async openRoom(plan: RoomPlan): Promise<FakeRoom> {
    if (this.running.has(plan.id) || this.rooms.has(plan.id))
      throw new LxError('file.room_failed', { stage: 'room', syscall: 'flock', errno: 'EBUSY', path: plan.id });
    this.roomPlans.push(plan);
    const room = new FakeRoom();
    this.rooms.set(plan.id, room);
    void room.ended.then(() => this.rooms.delete(plan.id));
    return room;
  }

  async endRooms(): Promise<void> {
    for (const room of this.rooms.values()) await room.end();
  }

  async survivors(): Promise<Keeper[]> {
    return [...this.running.values()];
  }

  async endRecords(): Promise<EndRecord[]> {
    return [...this.records.values()];
  }

  async forgetEndRecord(id: string): Promise<void> {
    this.records.delete(id);
  }

  async retire(): Promise<void> {
    this.prepared = false;
  }

  release(): void {
    this.prepared = false;
  }

  #end(record: EndRecord): void {
    this.running.delete(record.id);
    this.records.set(record.id, record);
  }
}
