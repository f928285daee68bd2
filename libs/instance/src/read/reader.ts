import {
  LxError,
  type WireInstance,
  type WireInstanceBackup,
  type WireInstanceFull,
  type WireInstanceSnapshot,
  type WireInstanceState,
} from '#lib/contract';
import type { Cgroups, Keeper } from '#lib/host';
import type { Storage } from '#lib/storage';
import type { BackupRow, InstanceRow, SnapshotRow, Store } from '#lib/store';
import type { Expanded, Expansion } from '#lib/profile';
import type { Supervision } from '../supervision.ts';
import { backupView } from './backup-view.ts';
import { snapshotView } from './snapshot-view.ts';
import { instanceState } from './state.ts';
import { instanceView, type PowerState } from './view.ts';

interface Using {
  store: Store;
  expansion: Expansion;
  supervision: Supervision;
  cgroups: Cgroups;
  storage: Storage;
}

/** Instances as they are: rows, views, state, power. Changes nothing. */
export class InstanceReader {
  readonly #using: Using;

  constructor(using: Using) {
    this.#using = using;
  }

  find(project: string, name: string): Promise<InstanceRow | null> {
    return this.#using.store.instances.get(project, name);
  }

  /** LxError 'instance.not_found'. */
  async row(project: string, name: string): Promise<InstanceRow> {
    const row = await this.find(project, name);
    if (!row) throw new LxError('instance.not_found');
    return row;
  }

  /** `project` null: of all projects. */
  async views(project: string | null): Promise<WireInstance[]> {
    return (await this.#all(project)).map(({ row, expanded, power }) => instanceView(row, expanded, power));
  }

  /** With state, for recursion=2. All states are asked for side by side. */
  async fullViews(project: string | null): Promise<WireInstanceFull[]> {
    const all = await this.#all(project);
    const rows = all.map(({ row }) => row);
    const [snapshots, backups] = await Promise.all([this.#snapshots(rows), this.#backups(rows)]);
    return Promise.all(all.map((each) => this.#full(each, snapshots.get(each.row.id), backups.get(each.row.id))));
  }

  async view(row: InstanceRow): Promise<WireInstance> {
    const { expanded, power } = await this.#seen(row);
    return instanceView(row, expanded, power);
  }

  async fullView(row: InstanceRow): Promise<WireInstanceFull> {
    const [seen, snapshots, backups] = await Promise.all([this.#seen(row), this.#snapshots([row]), this.#backups([row])]);
    return this.#full({ row, ...seen }, snapshots.get(row.id), backups.get(row.id));
  }

  /** LxError 'snapshot.not_found'. */
  async snapshotRow(instance: InstanceRow, name: string): Promise<SnapshotRow> {
    const row = await this.#using.store.snapshots.get(instance.id, name);
    if (!row) throw new LxError('snapshot.not_found');
    return row;
  }

  async snapshotView({ project }: InstanceRow, row: SnapshotRow): Promise<WireInstanceSnapshot> {
    return snapshotView(row, await this.#using.expansion.of({ ...row, project }));
  }

  /** The oldest first. */
  async snapshotViews(instance: InstanceRow): Promise<WireInstanceSnapshot[]> {
    return (await this.#snapshots([instance])).get(instance.id) ?? [];
  }

  /** LxError 'backup.not_found'. */
  async backupRow(instance: InstanceRow, name: string): Promise<BackupRow> {
    const row = await this.#using.store.backups.get(instance.id, name);
    if (!row) throw new LxError('backup.not_found');
    return row;
  }

  /** The oldest first. */
  async backupViews(instance: InstanceRow): Promise<WireInstanceBackup[]> {
    return (await this.#backups([instance])).get(instance.id) ?? [];
  }

  async #backups(instances: readonly InstanceRow[]): Promise<Map<string, WireInstanceBackup[]>> {
    const rows = await this.#using.store.backups.list(instances.map(({ id }) => id));
    return byInstance(rows, (row) => row.ownerId, backupView);
  }

  /** Of all these instances, by their ids. */
  async #snapshots(instances: readonly InstanceRow[]): Promise<Map<string, WireInstanceSnapshot[]>> {
    const { store, expansion } = this.#using;
    const projects = new Map(instances.map(({ id, project }) => [id, project]));
    const rows = await store.snapshots.list([...projects.keys()]);
    const all = await expansion.ofAll(rows.map((each) => ({ ...each, project: projects.get(each.instanceId) ?? '' })));
    return byInstance(
      all,
      ({ row }) => row.instanceId,
      ({ row, expanded }) => snapshotView(row, expanded),
    );
  }

  async state(project: string, name: string): Promise<WireInstanceState> {
    const row = await this.row(project, name);
    const { expanded, power } = await this.#seen(row);
    return instanceState(this.#using, row, expanded, power);
  }

  async power(row: Pick<InstanceRow, 'id'>): Promise<PowerState> {
    if (!this.#using.supervision.get(row.id)) return 'stopped';
    return (await this.#using.cgroups.frozen(row.id)) ? 'frozen' : 'running';
  }

  /** The keeper of an instance that a command can run in. LxError 'instance.not_running' or 'instance.frozen'. */
  async ready(row: InstanceRow): Promise<Keeper> {
    const power = await this.power(row);
    if (power === 'frozen') throw new LxError('instance.frozen');
    const keeper = this.#using.supervision.get(row.id);
    if (!keeper) throw new LxError('instance.not_running');
    return keeper;
  }

  async #seen(row: InstanceRow): Promise<{ expanded: Expanded; power: PowerState }> {
    const [expanded, power] = await Promise.all([this.#using.expansion.of(row), this.power(row)]);
    return { expanded, power };
  }

  async #all(project: string | null) {
    const rows = await this.#using.store.instances.list(project);
    const all = await this.#using.expansion.ofAll(rows);
    return Promise.all(all.map(async (each) => ({ ...each, power: await this.power(each.row) })));
  }

  async #full(
    { row, expanded, power }: { row: InstanceRow; expanded: Expanded; power: PowerState },
    snapshots: WireInstanceSnapshot[] = [],
    backups: WireInstanceBackup[] = [],
  ): Promise<WireInstanceFull> {
    const view = instanceView(row, expanded, power);
    return { ...view, backups, snapshots, state: await instanceState(this.#using, row, expanded, power) };
  }
}

/** Views of what instances have, by their ids and in the order that they come in. */
function byInstance<R, V>(rows: readonly R[], idOf: (row: R) => string, view: (row: R) => V): Map<string, V[]> {
  const views = new Map<string, V[]>();
  for (const row of rows) {
    const id = idOf(row);
    const others = views.get(id);
    if (others) others.push(view(row));
    else views.set(id, [view(row)]);
  }
  return views;
}
