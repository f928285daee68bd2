import { LxError, type WireInstance, type WireInstanceFull, type WireInstanceState } from '#lib/contract';
import type { Cgroups, Keeper } from '#lib/host';
import type { Storage } from '#lib/storage';
import type { InstanceRow, Store } from '#lib/store';
import type { Expanded, Expansion } from '#lib/profile';
import type { Supervision } from '../supervision.ts';
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

  /** LxError 'instance.not_found'. */
  async row(project: string, name: string): Promise<InstanceRow> {
    const row = await this.#using.store.instances.get(project, name);
    if (!row) throw new LxError('instance.not_found');
    return row;
  }

  /** `project` null: of all projects. */
  async views(project: string | null): Promise<WireInstance[]> {
    return (await this.#all(project)).map(({ row, expanded, power }) => instanceView(row, expanded, power));
  }

  /** With state, for recursion=2. All states are asked for side by side. */
  async fullViews(project: string | null): Promise<WireInstanceFull[]> {
    return Promise.all((await this.#all(project)).map((each) => this.#full(each)));
  }

  async view(row: InstanceRow): Promise<WireInstance> {
    const { expanded, power } = await this.#seen(row);
    return instanceView(row, expanded, power);
  }

  async fullView(row: InstanceRow): Promise<WireInstanceFull> {
    return this.#full({ row, ...(await this.#seen(row)) });
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

  async #full({ row, expanded, power }: { row: InstanceRow; expanded: Expanded; power: PowerState }): Promise<WireInstanceFull> {
    const view = instanceView(row, expanded, power);
    return { ...view, backups: null, snapshots: null, state: await instanceState(this.#using, row, expanded, power) };
  }
}
