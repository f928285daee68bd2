import { randomUUID } from 'node:crypto';
import { type BackupFiles, type BackupRequest, planBackup, type PlannedBackup } from '#lib/archive';
import { LxError } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec, type Requestor, type Step, type StepContext } from '#lib/engine';
import type { Cgroups, Confinement } from '#lib/host';
import type { Expansion } from '#lib/profile';
import type { SnapshotName, Storage } from '#lib/storage';
import { type BackupRow, type InstanceRow, RowConflict, type Store } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import { backupArchive } from '../backup/archive.ts';
import type { MetadataFiles } from '../metadata/metadata-files.ts';
import { knownRow } from '../read/rows.ts';
import { snapshotView } from '../read/snapshot-view.ts';
import { instanceView } from '../read/view.ts';
import { mustThaw, stillOf, thawed } from '../steps/still.ts';
import type { Supervision } from '../supervision.ts';

export type BackupParams = {
  /** The instance's. */
  id: string;
  project: string;
  name: string;
  backupId: string;
} & PlannedBackup;
type BackupState = {
  /** Id of what is cut of an instance that runs, to be read instead; null: it does not run. */
  cut: string | null;
  /** It ran and was not frozen: if it is found frozen, that was us. */
  thaw: boolean;
};
type BackupStep = Step<BackupParams, BackupState>;
type Context = StepContext<BackupParams, BackupState>;

interface Using {
  store: Store;
  storage: Storage;
  supervision: Supervision;
  cgroups: Cgroups;
  expansion: Expansion;
  metadataFiles: MetadataFiles;
  backupFiles: BackupFiles;
  confinement: Confinement;
  now: () => Date;
}

/** Backs up an instance to a file of the server: its row, which reserves the name, a cut of what runs, the file, and the cut goes. */
export class Backup {
  readonly operation: OperationSpec<BackupParams, BackupState>;
  readonly #acts: Acts;
  readonly #using: Using;

  constructor(acts: Acts, using: Using) {
    this.#acts = acts;
    this.#using = using;
    const steps = [reserveStep(using), cutStep(using), writeStep(using), clearStep(using)];
    this.operation = defineOperation({ kind: 'backup.create', onCrash: 'unwind', steps });
  }

  async begin(row: InstanceRow, request: BackupRequest, requestor?: Requestor): Promise<Operation> {
    const params = await this.prepare(row, request);
    return this.#acts.begin(this.operation, params, {
      of: row,
      requestor,
      mayCancel: true,
      backups: [params.backup],
      announce: [{ action: 'instance-backup-created', backup: params.backup }],
    });
  }

  async prepare(row: InstanceRow, request: BackupRequest): Promise<BackupParams> {
    const { store, now } = this.#using;
    const names = (await store.backups.list([row.id])).map((each) => each.name);
    const planned = planBackup(request, { of: row.name, names, config: await store.config.all(), at: now() });
    return { id: row.id, project: row.project, name: row.name, backupId: randomUUID(), ...planned };
  }
}

/** The rows: from here on the name is taken. */
function reserveStep(using: Using): BackupStep {
  const { store, storage, supervision } = using;
  return {
    name: 'reserve',
    rowsOnly: () => true,
    async do({ params, state }) {
      state.thaw = await mustThaw(using, params.id);
      state.cut = supervision.get(params.id) === null ? null : randomUUID();
    },
    async commit({ params, state }, writes) {
      await writes.backups.insert(rowOf(params)).catch((error: unknown) => {
        if (error instanceof RowConflict && error.constraint === 'instance_backup_name')
          throw new LxError('backup.exists', { name: `${params.name}/${params.backup}` }, { cause: error });
        throw error;
      });
      if (state.cut) await storage.roots.reserveSnapshot(writes, cutOf(params, state.cut));
    },
    async undo({ params, state }) {
      if (!(await store.backups.byId(params.backupId))) return;
      await store.tx(async (writes) => {
        if (state.cut) await storage.roots.remove(writes, state.cut);
        await writes.backups.delete(params.backupId);
      });
    },
  };
}

function cutStep(using: Using): BackupStep {
  const { storage } = using;
  return {
    name: 'cut',
    async do({ params, state }) {
      if (state.cut) await storage.roots.snapshot(cutOf(params, state.cut), stillOf(using, params.id, state.thaw === true));
    },
    async undo({ params, state }) {
      await thawed(using, params.id, state.thaw);
      if (state.cut) await storage.roots.delete(cutOf(params, state.cut));
    },
  };
}

function writeStep(using: Using): BackupStep {
  const { backupFiles } = using;
  return {
    name: 'write',
    do: (context) => write(using, context),
    undo: ({ params }) => backupFiles.remove(params),
  };
}

async function write(using: Using, { params, state, signal, progress }: Context): Promise<void> {
  const { backupFiles, confinement } = using;
  const content = await contentOf(using, params, state.cut ?? null);
  const how = { compression: params.compression, confinement, signal, progress };
  await backupFiles.pack(params, how, (packing) => backupArchive(using, content, packing));
}

/** What an instance and its snapshots are now: nothing changes them while the operation holds the instance. */
async function contentOf({ store, expansion, supervision }: Using, { id, alone }: BackupParams, cut: string | null) {
  const row = await knownRow(store, id);
  const snapshots = alone ? [] : await store.snapshots.list([id]);
  const volume = await store.volumes.byId(id);
  const pool = (await store.pools.list()).find((each) => each.id === volume?.poolId);
  if (!volume || !pool) throw new LxError('volume.not_found');
  const expanded = await expansion.ofAll(snapshots.map((each) => ({ ...each, project: row.project })));
  return {
    ...{ row, volume, pool },
    instance: instanceView(row, await expansion.of(row), supervision.get(id) === null ? 'stopped' : 'running'),
    snapshots: expanded.map((each) => snapshotView(each.row, each.expanded)),
    profiles: await store.profiles.many(row.project, row.profiles),
    root: cut ?? id,
    roots: new Map(snapshots.map((each) => [each.name, each.id])),
  };
}

function clearStep({ storage }: Using): BackupStep {
  return {
    name: 'clear',
    async do({ params, state }) {
      if (state.cut) await storage.roots.delete(cutOf(params, state.cut));
    },
    async commit({ state }, writes) {
      if (state.cut) await storage.roots.remove(writes, state.cut);
    },
  };
}

/** No snapshot can have its name. */
function cutOf({ id, project, name, backupId }: BackupParams, cut: string): SnapshotName {
  return { id: cut, project, root: id, name: `${name}/ ${backupId}` };
}

function rowOf({ backupId, id, backup, alone, createdAt, expiresAt }: BackupParams): BackupRow {
  return {
    ...{ id: backupId, ownerId: id, name: backup, alone },
    createdAt: new Date(createdAt),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
  };
}
