import { Deferred, delay } from '#lib/base';
import { isLxError, keyOf, urls } from '#lib/contract';
import { messageOf } from '#lib/engine';
import type { EndRecord } from '#lib/host';
import type { InstanceRow } from '#lib/store';
import type { Expanded } from '#lib/profile';
import { Autorestarts } from './autorestart.ts';
import type { Foundations, Instances } from './instances.ts';
import { shutDown } from './steps/shut-down.ts';

type Using = Pick<Foundations, 'store' | 'engine' | 'cgroups' | 'supervision' | 'warnings' | 'now' | 'report'>;

interface Member {
  row: InstanceRow;
  config: Expanded['config'];
}

/** Names of instances, for the operator's log. */
export interface Reconciled {
  /** They ran on while there was no daemon. */
  adopted: string[];
  /** They are started now, one after the other. */
  starting: string[];
}

/**
 * Keeps rows and reality together without a request: at the daemon's start, when an instance ends or reboots by itself,
 * and at the server's shutdown.
 */
export class Housekeeping {
  readonly #using: Using;
  readonly #instances: Instances;
  /** Ends under way, so that a shutdown can wait for their rows. */
  readonly #pending = new Set<Promise<void>>();
  /** What happens before belongs to `reconcile` and to the operations that are recovered. */
  readonly #reconciled = new Deferred<void>();
  readonly #closing = new AbortController();
  readonly #patienceMs: number;
  readonly #autorestarts: Autorestarts;

  /** `patienceMs`: how long operations under way may take to end at a shutdown before instances are stopped. */
  constructor(using: Using, instances: Instances, patienceMs = 5000) {
    this.#patienceMs = patienceMs;
    this.#using = using;
    this.#instances = instances;
    this.#autorestarts = new Autorestarts(using.now);
    using.supervision.watch({
      ended: (id, record) => this.#track(`noting the end of ${id}`, () => this.#ended(id, record)),
      rebooted: (id) => this.#track(`noting the reboot of ${id}`, () => this.#rebooted(id)),
    });
  }

  /**
   * After `engine.recover()`: makes the rows say what is. Kills keepers that belong to no instance, sweeps control groups
   * without one, notes what ended meanwhile, and starts what should run: all that ran when the host or the server went
   * down (no end was recorded for them), but not what ended by itself. What cannot be cleared away stops nothing.
   */
  async reconcile(): Promise<Reconciled> {
    const { store, supervision, cgroups } = this.#using;
    // In this order: what ends from now on is told to the watcher.
    const running = new Set(supervision.ids());
    const ends = new Map((await supervision.endRecords()).map((record) => [record.id, record]));
    const rows = await store.instances.list(null);
    const known = new Set(rows.map((row) => row.id));
    for (const id of running)
      if (!known.has(id)) await this.#attempt(`ending ${id}, which no instance is known for`, () => supervision.kill(id));
    for (const id of await cgroups.list())
      if (!running.has(id)) await this.#attempt(`clearing up the control group ${id}`, () => cgroups.sweep(id));
    const toStart: Member[] = [];
    for (const member of await this.#expanded(rows)) {
      const { row } = member;
      if (await this.#settleRow(member, running.has(row.id), ends.get(row.id) ?? null)) toStart.push(member);
    }
    for (const id of ends.keys()) await this.#attempt(`forgetting the end of ${id}`, () => supervision.forgetEnd(id));
    this.#reconciled.resolve();
    for (const row of rows) if (running.has(row.id)) for (const each of row.attached) this.#instances.attachments.hold(row, each);
    this.#instances.hotplug.begin();
    this.#track('starting instances', () => this.#autostart(toStart));
    this.#instances.sweeps.start();
    const adopted = rows.filter(({ id }) => running.has(id));
    return { adopted: adopted.map(({ name }) => name), starting: toStart.map(({ row }) => row.name) };
  }

  /** Makes a row say whether its instance runs; true for one that should run and does not. `end`: by itself. */
  async #settleRow({ row, config }: Member, runs: boolean, end: EndRecord | null): Promise<boolean> {
    if (runs && row.power !== 'running') await this.#using.store.instances.update(row.id, { power: 'running' });
    if (runs) return false;
    const ran = row.power === 'running';
    const starts = end === null ? (keyOf(config, 'boot.autostart') ?? ran) : ran && wantsRestart(row, config, end);
    // One that is to be started stays wanted until it is: this daemon may end before its turn comes.
    if (ran) await this.#attempt(`noting the end of ${row.name}`, () => this.#noteStopped(row, starts ? 'running' : 'stopped'));
    if (starts) return true;
    if (ran && row.ephemeral) this.#track(`deleting ${row.name}`, () => this.#instances.discard.run(row));
    return false;
  }

  /** Starts nothing by itself any more. */
  close(): void {
    this.#closing.abort();
    this.#instances.sweeps.stop();
    this.#track('leaving devices as they are', () => this.#instances.hotplug.close());
  }

  /**
   * Shuts every instance down (kills it with `force`), the highest boot.stop.priority first; they start again with the server.
   * Resolves with what could not be done or written down.
   */
  async stopAll(force: boolean): Promise<string[]> {
    this.close();
    const enough = new AbortController();
    await Promise.race([this.#instances.acts.turns.idle(), delay(this.#patienceMs, enough.signal)]);
    enough.abort();
    const problems: string[] = [];
    try {
      const rows = (await this.#using.store.instances.list(null)).filter((row) => this.#using.supervision.get(row.id));
      for (const group of ranked(await this.#expanded(rows), 'boot.stop.priority')) {
        await Promise.all(
          group.map((member) =>
            this.#shutDown(member, force).catch((error: unknown) => {
              this.#using.report(`stopping ${member.row.name}`, error);
              problems.push(`stopping ${member.row.name}: ${messageOf(error)}`);
            }),
          ),
        );
      }
    } catch (error) {
      this.#using.report('reading which instances there are', error);
      problems.push(messageOf(error));
    }
    const count = this.#using.supervision.ids().length;
    if (problems.length > 0 && count > 0) {
      await Promise.all(this.#using.supervision.ids().map((id) => this.#stopUnwritten(id, force)));
      problems.push(`${count} instances were stopped without a word of it in the database`);
    }
    return problems;
  }

  /** Without its row: what the keeper knows is enough to shut it down. Its row goes on saying that it is wanted. */
  async #stopUnwritten(id: string, force: boolean): Promise<void> {
    const { supervision, cgroups } = this.#using;
    const never = new AbortController().signal;
    // `killRest` ends what does not heed this.
    if (!force)
      await this.#attempt(`stopping ${id}`, () =>
        shutDown({ supervision, cgroups }, { id, config: {} }, keyOf({}, 'boot.host_shutdown_timeout'), never),
      );
  }

  /** After `stopAll` and the end of all operations: kills what one of them has still brought up. */
  async killRest(): Promise<void> {
    const { supervision } = this.#using;
    await Promise.all(supervision.ids().map((id) => this.#attempt(`ending ${id}`, () => supervision.kill(id))));
  }

  /** Resolves when no end is being noted any more, or after a while: what is missing then, the next daemon sees. */
  async settle(patienceMs = this.#patienceMs): Promise<void> {
    const enough = new AbortController();
    await Promise.race([this.#quiet(), delay(patienceMs, enough.signal)]);
    enough.abort();
  }

  async #quiet(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #shutDown({ row, config }: Member, force: boolean): Promise<void> {
    const timeout = keyOf(config, 'boot.host_shutdown_timeout');
    const kill = force || keyOf(config, 'boot.host_shutdown_action') === 'force-stop';
    if (!(!kill && (await this.#stop(row, timeout))) && !(await this.#stop(row, 0))) await this.#using.supervision.kill(row.id);
    // Wanted again at the next start of the server; an ephemeral one is gone.
    if (!row.ephemeral) await this.#using.store.instances.update(row.id, { power: 'running' });
  }

  /** `timeout` in seconds, 0: kills. false when the instance goes on, because the guest does not end or is busy. */
  async #stop(row: InstanceRow, timeout: number): Promise<boolean> {
    try {
      const stop = await this.#instances.state.begin(row.project, row.name, { action: 'stop', force: false, timeout });
      return (await stop.done).status_code === 200;
    } catch (error) {
      if (isLxError(error, 'instance.already_stopped') || isLxError(error, 'instance.not_found')) return true;
      if (isLxError(error, 'instance.busy')) return false;
      throw error;
    }
  }

  async #autostart(members: readonly Member[]): Promise<void> {
    for (const { row, config } of ranked(members, 'boot.autostart.priority').flat()) {
      if (this.#closing.signal.aborted) return;
      const about = subject(row);
      await this.#attempt(`starting ${row.name}`, () =>
        this.#start(row).then(
          () => this.#using.warnings.over('instance.autostart', about),
          (error: unknown) => {
            this.#using.warnings.tell('instance.autostart', messageOf(error), about);
            throw error;
          },
        ),
      );
      const seconds = keyOf(config, 'boot.autostart.delay');
      if (seconds > 0) await delay(seconds * 1000, this.#closing.signal);
    }
  }

  /** Between operations: one that began after the end waits for this, one that ran meanwhile may have noted it already. */
  async #ended(id: string, record: EndRecord): Promise<void> {
    const { store, supervision, engine, report } = this.#using;
    await this.#reconciled.promise;
    let ephemeral: InstanceRow | null = null;
    let again: InstanceRow | null = null;
    await this.#instances.acts.turns.note(id, async () => {
      const row = await store.instances.byId(id);
      if (supervision.get(id)) return;
      if (row?.power === 'running') {
        const restarts = await this.#restarts(row, record);
        await this.#noteStopped(row, restarts ? 'running' : 'stopped');
        if (restarts) again = row;
        const action = record.reason === 'poweroff' ? 'instance-shutdown' : 'instance-stopped';
        engine.events.lifecycle(row.project, { action, source: urls.instance(row.name, row.project) });
        this.#instances.startLog.ended(row, record);
        if (record.detail !== '') report(`the end of ${row.name}`, new Error(record.detail));
      }
      if (row?.ephemeral) ephemeral = row;
      // Last of all: a daemon that dies before this finds the record again.
      await supervision.forgetEnd(id);
    });
    if (ephemeral) await this.#instances.discard.run(ephemeral);
    if (again) await this.#startAgain(again);
  }

  async #restarts(row: InstanceRow, end: EndRecord): Promise<boolean> {
    if (this.#closing.signal.aborted) return false;
    const { config } = await this.#instances.expansion.of(row);
    if (!wantsRestart(row, config, end)) return false;
    if (this.#autorestarts.take(row.id)) return true;
    this.#using.report(`${row.name} ended too often within a minute`, new Error('it is not started again (boot.autorestart)'));
    this.#using.warnings.tell('instance.autorestart', 'It ended too often within a minute and stays stopped', subject(row));
    return false;
  }

  /** One that cannot be started stays stopped; one that somebody else has deleted or started meanwhile is theirs. */
  async #startAgain(row: InstanceRow): Promise<void> {
    await this.#attempt(`starting ${row.name} again`, () =>
      this.#start(row).catch((error: unknown) => {
        if (!isLxError(error, 'instance.already_running') && !isLxError(error, 'instance.not_found')) throw error;
      }),
    );
  }

  async #start(row: InstanceRow): Promise<void> {
    const start = await this.#instances.state.begin(row.project, row.name, { action: 'start', force: false, timeout: -1 });
    const view = await start.done;
    if (view.status_code >= 400) throw new Error(view.err);
  }

  async #rebooted(id: string): Promise<void> {
    const row = await this.#using.store.instances.byId(id);
    if (!row) return;
    await this.#using.store.instances.update(id, { lastUsedAt: this.#using.now() });
    this.#using.engine.events.lifecycle(row.project, { action: 'instance-restarted', source: urls.instance(row.name, row.project) });
  }

  async #noteStopped(row: InstanceRow, power: InstanceRow['power'] = 'stopped'): Promise<void> {
    const volatile = await this.#instances.runner.down(row);
    await this.#using.store.tx(async (store) => {
      await store.instances.update(row.id, { power, attached: [] });
      await store.instances.mergeVolatile(row.id, volatile);
    });
  }

  async #expanded(rows: readonly InstanceRow[]): Promise<Member[]> {
    return (await this.#instances.expansion.ofAll(rows)).map(({ row, expanded }) => ({ row, config: expanded.config }));
  }

  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => this.#using.report(what, error));
  }

  #track(what: string, work: () => Promise<void>): void {
    const tracked = this.#attempt(what, work).finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }
}

function subject({ id, project }: InstanceRow) {
  return { entity: 'instance', id, project } as const;
}

/** An end that nobody asked for, neither the guest's own root nor a client, of an instance that is to go on after it. */
function wantsRestart(row: InstanceRow, config: Expanded['config'], { reason }: EndRecord): boolean {
  return reason !== 'poweroff' && !row.ephemeral && keyOf(config, 'boot.autorestart');
}

/** Groups of the same value of a numeric key, the highest first. */
function ranked(members: readonly Member[], key: 'boot.stop.priority' | 'boot.autostart.priority'): Member[][] {
  const groups = new Map<number, Member[]>();
  for (const member of members) {
    const rank = keyOf(member.config, key);
    groups.set(rank, [...(groups.get(rank) ?? []), member]);
  }
  return [...groups.entries()].sort(([a], [b]) => b - a).map(([, group]) => group);
}
