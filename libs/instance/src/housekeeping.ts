import type { EndRecord } from '#lib/host';
import { isTrue } from '#lib/contract';
import type { InstanceRow } from '#lib/store';
import type { InstanceDeps } from './deps.ts';
import type { Instances } from './instances.ts';

/**
 * Keeps rows and reality together without a request: at the daemon's start, when an instance ends or reboots by itself,
 * and at the server's shutdown.
 */
export class Housekeeping {
  readonly #deps: InstanceDeps;
  readonly #instances: Instances;
  /** Ends under way, so that a shutdown can wait for their rows. */
  readonly #pending = new Set<Promise<void>>();

  constructor(deps: InstanceDeps, instances: Instances) {
    this.#deps = deps;
    this.#instances = instances;
    deps.supervision.watch({
      ended: (id, record) => this.#track(this.#ended(id, record), `noting the end of ${id}`),
      rebooted: (id) => this.#track(this.#rebooted(id), `noting the reboot of ${id}`),
    });
  }

  /**
   * After `engine.recover()`: makes the rows say what is. Kills keepers that belong to no instance, sweeps control groups
   * without one, notes what ended meanwhile, and starts what should run: all that ran when the host or the server went
   * down (no end was recorded for them), but not what ended by itself.
   */
  async reconcile(): Promise<void> {
    const { store, supervision, cgroups } = this.#deps;
    const rows = await store.instances.list(null);
    const known = new Map(rows.map((row) => [row.id, row]));
    for (const id of supervision.ids()) if (!known.has(id)) await supervision.kill(id);
    for (const id of await cgroups.list()) if (!supervision.get(id)) await cgroups.sweep(id);
    const ends = new Map((await supervision.endRecords()).map((record) => [record.id, record]));
    const toStart: InstanceRow[] = [];
    for (const row of rows) if (await this.#settleRow(row, ends.has(row.id))) toStart.push(row);
    for (const id of ends.keys()) await supervision.forgetEnd(id);
    void this.#autostart(toStart);
  }

  /** Makes a row say whether its instance runs; true for one that should run and does not. `ended`: by itself. */
  async #settleRow(row: InstanceRow, ended: boolean): Promise<boolean> {
    const runs = this.#deps.supervision.get(row.id) !== null;
    if (runs === (row.power === 'running')) return false;
    if (runs) {
      await this.#deps.store.instances.update(row.id, { power: 'running' });
      return false;
    }
    await this.#noteStopped(row);
    if (!ended) return isTrue(row.config['boot.autostart'], true);
    if (row.ephemeral) await this.#instances.delete(row);
    return false;
  }

  /** Shuts every instance down (kills it with `force`), the highest boot.stop.priority first; they start again with the server. */
  async stopAll(force: boolean): Promise<void> {
    const rows = (await this.#deps.store.instances.list(null)).filter((row) => this.#deps.supervision.get(row.id));
    const byPriority = await this.#ranked(rows, 'boot.stop.priority');
    for (const group of byPriority) {
      await Promise.all(
        group.map(async ({ row, config }) => {
          const timeout = Number(config['boot.host_shutdown_timeout'] || 30);
          const stop = async (kill: boolean) =>
            (await (await this.#instances.setState(row.project, row.name, { action: 'stop', force: kill, timeout })).done).status_code ===
            200;
          if (force || !(await stop(false))) await stop(true);
          // Wanted again at the next start of the server.
          await this.#deps.store.instances.update(row.id, { power: 'running' }).catch(() => {});
        }),
      );
    }
  }

  /** Resolves when no end is being noted any more. */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async #autostart(rows: InstanceRow[]): Promise<void> {
    for (const group of await this.#ranked(rows, 'boot.autostart.priority')) {
      for (const { row, config } of group) {
        const operation = await this.#instances
          .setState(row.project, row.name, { action: 'start', force: false, timeout: -1 })
          .catch((cause: unknown) => this.#deps.report(`starting ${row.name}`, cause));
        const view = await operation?.done;
        if (view && view.status_code !== 200) this.#deps.report(`starting ${row.name}`, new Error(view.err));
        const delay = Number(config['boot.autostart.delay'] || 0);
        if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay * 1000).unref());
      }
    }
  }

  async #ranked(rows: readonly InstanceRow[], key: string): Promise<{ row: InstanceRow; config: Record<string, string> }[][]> {
    const groups = new Map<number, { row: InstanceRow; config: Record<string, string> }[]>();
    for (const row of rows) {
      const { config } = await this.#instances.runner.expanded(row);
      const rank = Number(config[key] || 0);
      groups.set(rank, [...(groups.get(rank) ?? []), { row, config }]);
    }
    return [...groups.entries()].sort(([a], [b]) => b - a).map(([, group]) => group);
  }

  async #ended(id: string, record: EndRecord): Promise<void> {
    const row = await this.#deps.store.instances.byId(id);
    await this.#deps.supervision.forgetEnd(id);
    if (!row) return;
    await this.#noteStopped(row);
    const action = record.reason === 'poweroff' ? 'instance-shutdown' : 'instance-stopped';
    this.#deps.engine.events.lifecycle(row.project, { action, source: `/1.0/instances/${row.name}` });
    if (row.ephemeral) await this.#instances.delete(row);
  }

  async #rebooted(id: string): Promise<void> {
    const row = await this.#deps.store.instances.byId(id);
    if (!row) return;
    await this.#deps.store.instances.update(id, { lastUsedAt: this.#deps.now() });
    this.#deps.engine.events.lifecycle(row.project, { action: 'instance-restarted', source: `/1.0/instances/${row.name}` });
  }

  async #noteStopped(row: InstanceRow): Promise<void> {
    const volatile = await this.#instances.runner.down(row);
    await this.#deps.store.tx(async (store) => {
      await store.instances.update(row.id, { power: 'stopped' });
      await store.instances.mergeVolatile(row.id, volatile);
    });
  }

  #track(work: Promise<void>, what: string): void {
    const tracked = work.catch((cause: unknown) => this.#deps.report(what, cause)).finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }
}
