import { allEnded } from '#lib/base';
import { LxError } from '#lib/contract';
import type { Cgroups } from '#lib/host';
import type { Networks } from '#lib/network';
import { macsOf } from '#lib/device';
import type { Storage } from '#lib/storage';
import { type InstanceRow, type Store, unlessMissing } from '#lib/store';
import type { IdAllocation } from '../ids/allocation.ts';
import type { LogFiles } from '../log-files.ts';

export type RemoveParams = { id: string; project: string; name: string };

interface Using {
  store: Store;
  storage: Storage;
  networks: Pick<Networks, 'release'>;
  cgroups: Cgroups;
  logFiles: LogFiles;
  ids: IdAllocation;
}

/** Takes away all of an instance that is down: its snapshots, root and logs first, its rows (and with them the name) last. */
export class Removal {
  readonly #using: Using;

  constructor(using: Using) {
    this.#using = using;
  }

  paramsOf({ id, project, name }: InstanceRow): RemoveParams {
    return { id, project, name };
  }

  /** For a step's `do`. LxError 'instance.not_found' when the instance is gone. */
  async files(params: RemoveParams): Promise<void> {
    const { store, storage, networks, cgroups, logFiles } = this.#using;
    const [row, snapshots] = await Promise.all([store.instances.byId(params.id), store.snapshots.list([params.id])]);
    if (!row) throw new LxError('instance.not_found');
    for (const { id, name } of snapshots) await storage.roots.delete({ id, project: row.project, name: `${row.name}/${name}` });
    // The address of its network card is the next one's at once. One that cannot be given back ends with its time.
    const released = networks.release(macsOf(row)).catch(() => undefined);
    await Promise.all([storage.roots.delete(row), logFiles.remove(row), cgroups.sweep(row.id), released]);
  }

  /** For its `commit`. */
  async rows({ id }: RemoveParams, writes: Store): Promise<void> {
    await allEnded([this.#using.storage.roots.removeAll(writes, id), writes.instances.delete(id).catch(unlessMissing)]);
    this.#using.ids.freed();
  }

  /** For the undo of the step that made the rows. The name may be another's: only rows with this operation's own id go. */
  async undoRows(params: RemoveParams): Promise<void> {
    const { store, ids } = this.#using;
    if (!(await store.instances.byId(params.id))) return;
    await store.tx((writes) => this.rows(params, writes));
    ids.freed();
  }

  /** For the undo of the step that made the root. It takes the logs too, which a launch on it has made. */
  async undoRoot(params: RemoveParams): Promise<void> {
    const { store, storage, logFiles } = this.#using;
    const row = await store.instances.byId(params.id);
    // A later operation has had it since.
    if (row && row.name !== params.name) return;
    await Promise.all([storage.roots.delete(params), logFiles.remove(params)]);
  }
}
