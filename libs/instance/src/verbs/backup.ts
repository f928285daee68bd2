import { randomUUID } from 'node:crypto';
import { type BackupFiles, backupNameProblems, packTold, watchSpace } from '#lib/archive';
import {
  badExpiry,
  type Compression,
  LxError,
  nextSnapshotName,
  problemsOf,
  readExpiry,
  readKey,
  refuse,
  serverKeys,
  wantedCompression,
} from '#lib/contract';
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

export interface BackupRequest {
  /** Empty: backup0, backup1, ... */
  name: string;
  /** RFC 3339; null: never. */
  expiresAt: string | null;
  /** Without its snapshots. */
  alone: boolean;
  /** In a form of the pool's own. */
  optimized: boolean;
  /** Empty: as the server's config says. */
  compression: string;
}

export type BackupParams = {
  /** The instance's. */
  id: string;
  project: string;
  name: string;
  backupId: string;
  backup: string;
  alone: boolean;
  compression: Compression;
  /** RFC 3339. */
  createdAt: string;
  expiresAt: string | null;
};
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

  async prepare(row: InstanceRow, { name, expiresAt, alone, optimized, compression }: BackupRequest): Promise<BackupParams> {
    const { store, now } = this.#using;
    const expires = expiresAt === null ? null : readExpiry(expiresAt);
    refuse([...(name === '' ? [] : backupNameProblems(name)), ...problemsOf([[expires === undefined, badExpiry(expiresAt)]])]);
    const chosen = wantedCompression(compression) ?? readKey(serverKeys, await store.config.all(), 'backups.compression_algorithm');
    if (optimized)
      throw new LxError('request.unsupported', { what: 'optimized_storage: backups hold plain files, which every pool reads' });
    const names = (await store.backups.list([row.id])).map((each) => each.name);
    if (names.includes(name)) throw new LxError('backup.exists', { name: `${row.name}/${name}` });
    return {
      ...{ id: row.id, project: row.project, name: row.name, alone, compression: chosen },
      backupId: randomUUID(),
      backup: name || nextSnapshotName('backup%d', names),
      createdAt: now().toISOString(),
      expiresAt: expires?.toISOString() ?? null,
    };
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
  using space = await watchSpace(await backupFiles.prepare(params));
  const ends = AbortSignal.any([signal, space.signal]);
  const told = packTold((text) => progress({ create_backup_progress: text }));
  const archive = backupArchive(using, await contentOf(using, params, state.cut ?? null), {
    ...{ compression: params.compression, confinement, signal: ends, told },
  });
  try {
    await backupFiles.write(params, archive, ends);
  } catch (error) {
    if (!signal.aborted && (await space.isFull())) throw new LxError('archive.no_space', undefined, { cause: error });
    throw error;
  }
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
    ...{ id: backupId, instanceId: id, name: backup, alone },
    createdAt: new Date(createdAt),
    expiresAt: expiresAt === null ? null : new Date(expiresAt),
  };
}
