import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type Arrivals, checkBackup, containerBackup, type ShiftedIds, unpackBackup, unshifted } from '#lib/archive';
import type { JsonObject, StringMap } from '#lib/base';
import { isLxError, readExpiry, refuse } from '#lib/contract';
import { macsOf, nicsOf } from '#lib/device';
import { defineOperation, type Operation, type OperationSpec, type Requestor, type Step } from '#lib/engine';
import type { Confinement } from '#lib/host';
import type { SnapshotName, Storage } from '#lib/storage';
import type { ProfileRow, SnapshotRow, Store } from '#lib/store';
import { type BackedUpState, type BackupIndex, indexProblems, shiftProblems, shiftsOf } from '../backup/backup-index.ts';
import { missingProfiles } from '../checks.ts';
import type { IdAllocation } from '../ids/allocation.ts';
import type { MetadataFiles } from '../metadata/metadata-files.ts';
import { inheritedDevices, ownRootIn, rootPool } from '../root-pool.ts';
import type { Removal } from '../steps/remove.ts';
import { newIds, reserveRows } from '../steps/reserve.ts';
import { baseImageKey, instanceIdKey, separated, templateKey } from '../volatile.ts';
import { type Create, type CreateParams, type CreateState, rowOf } from './create.ts';

export interface ImportRequest {
  /** Empty: as in the backup. */
  name: string;
  /** Name of a pool. Empty: that of the backup, or of the default profile where there is none of that name. */
  pool: string;
}

/** A snapshot of the backup, as its row will be. */
type Imported = Omit<SnapshotRow, 'instanceId' | 'createdAt' | 'expiresAt'> & {
  createdAt: string;
  expiresAt: string | null;
  shifts: ShiftedIds[];
};
export type ImportParams = CreateParams & {
  /** Id of the file that has arrived. */
  arrived: string;
  /** How ids of its root are another host's. */
  shifts: ShiftedIds[];
  snapshots: Imported[];
};
type ImportStep = Step<ImportParams, CreateState>;

interface Using {
  store: Store;
  storage: Storage;
  arrivals: Arrivals;
  metadataFiles: MetadataFiles;
  removal: Removal;
  ids: IdAllocation;
  confinement: Confinement;
  report: (message: string, cause: unknown) => void;
}

/** Makes an instance of a backup, with its snapshots. The file arrives and is checked first: the request has its bytes. */
export class Import {
  readonly operation: OperationSpec<ImportParams, CreateState>;
  readonly #create: Create;
  readonly #using: Using;
  /** What a backup says of the image of its instance, by the instance's id, until the operation has ended. */
  readonly #metadata = new Map<string, JsonObject>();

  constructor(create: Create, using: Using) {
    this.#create = create;
    this.#using = using;
    const steps = [reserveStep(using, create.seen), rootStep(using, this.#metadata)];
    this.operation = defineOperation({ kind: 'instance.import', onCrash: 'unwind', steps });
  }

  /** `read`: the index, checked for its shape. */
  async begin(
    project: string,
    content: Readable,
    read: (index: JsonObject) => BackupIndex,
    request: ImportRequest,
    requestor?: Requestor,
  ): Promise<Operation> {
    const { arrivals, confinement, report } = this.#using;
    const sound = (document: JsonObject) => {
      const index = read(document);
      refuse(indexProblems(index));
      return index;
    };
    const begin = async (arrived: string) => {
      const { index, metadata } = await checkBackup(containerBackup, arrivals.path(arrived), sound, confinement);
      const params = await this.prepare(project, arrived, index, request);
      const forget = () => this.#metadata.delete(params.id);
      this.#metadata.set(params.id, metadata);
      const operation = await this.#create.beginMade(this.operation, params, { requestor, mayCancel: true }).catch((error: unknown) => {
        forget();
        throw error;
      });
      void operation.done.then(forget);
      return operation;
    };
    return arrivals.take(content, begin, report);
  }

  /** All that is wrong with it is told before anything is made of it. */
  async prepare(project: string, arrived: string, index: BackupIndex, { name, pool: wanted }: ImportRequest): Promise<ImportParams> {
    const { instance, states } = index;
    const profiles = await this.#profiles(project, [instance, ...states]);
    const inherited = (state: BackedUpState) => inheritedDevices(state.profiles, profiles);
    refuse([...missingProfiles(instance.profiles, profiles), ...[instance, ...states].flatMap(shiftProblems)]);
    const pool = await this.#pool(wanted, index.pool, project);
    const devicesOf = (state: BackedUpState) => ownRootIn(pool, state.devices, inherited(state));
    const devices = devicesOf(instance);
    const { config, volatile } = separated(instance.config);
    const kept = await this.#kept(volatile, { ...inherited(instance), ...devices });
    const params = await this.#create.prepare(project, {
      ...{ name: name || index.name, description: instance.description, architecture: instance.architecture },
      ...{ config: { ...config, ...kept }, devices, profiles: instance.profiles, ephemeral: instance.ephemeral },
      ...{ type: '', source: { type: 'none' }, start: false },
    });
    const { [templateKey]: _, ...own } = params.volatile;
    return {
      ...params,
      createdAt: timeOf(instance.created_at) ?? params.createdAt,
      volatile: { ...own, ...carried(volatile, [templateKey, baseImageKey]) },
      arrived,
      shifts: shiftsOf(instance),
      snapshots: [...states].sort(byAge(index.snapshots)).map((state) => imported(state, devicesOf(state), params.createdAt)),
    };
  }

  /** Those of the instance and of its snapshots; a snapshot may name one that is gone. */
  #profiles(project: string, states: readonly BackedUpState[]): Promise<ProfileRow[]> {
    return this.#using.store.profiles.many(project, [...new Set(states.flatMap(({ profiles }) => profiles))]);
  }

  /** LxError 'pool.not_found' of one that was asked for. */
  async #pool(wanted: string, had: string, project: string): Promise<string> {
    const { store, storage } = this.#using;
    if (wanted !== '') return (await storage.pools.get(wanted)).name;
    try {
      return (await storage.pools.get(had)).name;
    } catch (error) {
      if (!isLxError(error, 'pool.not_found')) throw error;
      const profile = await store.profiles.get(project, 'default');
      return rootPool(profile?.devices ?? {});
    }
  }

  /** What it goes on having: its id for cloud-init, and addresses of its network cards that nobody else has meanwhile. */
  async #kept(volatile: StringMap, devices: BackedUpState['devices']): Promise<StringMap> {
    const taken = new Set((await this.#using.store.instances.list(null)).flatMap((row) => [...macsOf(row)]));
    const kept = carried(volatile, [instanceIdKey]);
    for (const { device } of nicsOf(devices, {})) {
      const address = volatile[addressKey(device)];
      if (address && !taken.has(address.toLowerCase())) kept[addressKey(device)] = address;
    }
    return kept;
  }
}

const ownersBy = (shifts: readonly ShiftedIds[]) => (shifts.length > 0 ? unshifted(shifts) : null);

const addressKey = (device: string) => `volatile.${device}.hwaddr`;

function carried(volatile: StringMap, keys: readonly string[]): StringMap {
  return Object.fromEntries(Object.entries(volatile).filter(([key, value]) => keys.includes(key) && value !== ''));
}

function timeOf(text: string): string | null {
  return readExpiry(text)?.toISOString() ?? null;
}

function byAge(names: readonly string[]) {
  return (a: { name: string }, b: { name: string }) => names.indexOf(a.name) - names.indexOf(b.name);
}

function imported(state: BackupIndex['states'][number], devices: BackedUpState['devices'], now: string): Imported {
  const { config, volatile } = separated(state.config);
  return {
    ...{ id: randomUUID(), name: state.name, architecture: state.architecture, ephemeral: state.ephemeral },
    ...{ config, volatile: carried(volatile, [baseImageKey]), devices, profiles: state.profiles },
    createdAt: timeOf(state.created_at) ?? now,
    expiresAt: timeOf(state.expires_at),
    shifts: shiftsOf(state),
  };
}

/** The rows of the instance and its snapshots: from here on the name is taken. */
function reserveStep({ storage, ids, removal }: Using, seen: ReadonlyMap<string, ProfileRow[]>): ImportStep {
  return {
    name: 'reserve',
    rowsOnly: () => true,
    async do({ params, state }) {
      state.ids = await newIds(ids, params);
    },
    async commit({ params, state }, writes) {
      const { arrived, shifts, snapshots, ...own } = params;
      await reserveRows(writes, rowOf(own, state), { nics: params.nics, seen: seen.get(params.id) }, () =>
        storage.roots.reserve(writes, { ...params, image: null }),
      );
      for (const { createdAt, expiresAt, shifts: _, ...snapshot } of snapshots) {
        const times = { createdAt: new Date(createdAt), expiresAt: expiresAt === null ? null : new Date(expiresAt) };
        await writes.snapshots.insert({ ...snapshot, instanceId: params.id, ...times });
        await storage.roots.reserveSnapshot(writes, volumeOf(params, snapshot));
      }
    },
    undo: ({ params }) => removal.undoRows(params),
  };
}

/** The roots of the instance and of its snapshots, and what it keeps of its image. */
function rootStep(
  { storage, arrivals, metadataFiles, removal, confinement }: Using,
  metadata: ReadonlyMap<string, JsonObject>,
): ImportStep {
  return {
    name: 'root',
    async do({ params, progress, signal }) {
      progress({ create_instance_from_backup_progress: 'Unpacking backup' });
      const { snapshots } = params;
      await storage.roots.fill(params.pool, async (directory) => {
        const backup = await unpackBackup(directory, {
          kind: containerBackup,
          path: arrivals.path(params.arrived),
          owners: ownersBy(params.shifts),
          snapshots: new Map(snapshots.map(({ name, shifts }) => [name, ownersBy(shifts)])),
          ...{ confinement, signal },
        });
        await metadataFiles.create(params, metadata.get(params.id) ?? {}, async () => backup.whole);
        const trees = snapshots.map((snapshot) => ({
          root: volumeOf(params, snapshot),
          isSnapshot: true,
          tree: join(backup.snapshot(snapshot.name), 'rootfs'),
        }));
        return [...trees, { root: params, isSnapshot: false, tree: join(backup.whole, 'rootfs') }];
      });
    },
    async undo({ params }) {
      for (const snapshot of params.snapshots) await storage.roots.delete(volumeOf(params, snapshot));
      await removal.undoRoot(params);
    },
  };
}

function volumeOf({ id, project, name }: ImportParams, snapshot: { id: string; name: string }): SnapshotName {
  return { id: snapshot.id, project, root: id, name: `${name}/${snapshot.name}` };
}
