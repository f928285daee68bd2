import type { DeviceMap, StringMap } from '#lib/base';
import { defineOperation, type OperationSpec } from '#lib/engine';
import { LxError } from '#lib/contract';
import { type InstanceRow, RowConflict, type Store, type VolumeRow } from '#lib/store';
import { templateWarning } from '#lib/image';
import type { RootVolume } from '#lib/storage';
import type { InstanceDeps } from '../deps.ts';
import { type Runner, removeLogs, type VolatileChange } from '../running.ts';

export type CreateParams = {
  id: string;
  project: string;
  name: string;
  architecture: string;
  description: string;
  ephemeral: boolean;
  config: StringMap;
  volatile: StringMap;
  devices: DeviceMap;
  profiles: string[];
  /** RFC 3339. */
  createdAt: string;
  volume: { pool: string; project: string; instance: string };
  /** Fingerprint, or null for an empty root. */
  image: string | null;
  start: boolean;
};
type CreateState = { volatile: VolatileChange; volumeRow: VolumeText };
/** The root volume's row but for its times. */
type VolumeText = Omit<VolumeRow, 'id' | 'createdAt'>;

/**
 * Makes an instance: its rows first, which reserves the name, then its root, then (with `start`) its init. Killed half
 * way, the next daemon removes all of it.
 */
export function createOperation(deps: InstanceDeps, runner: Runner): OperationSpec<CreateParams, CreateState> {
  return defineOperation<CreateParams, CreateState>({
    kind: 'instance.create',
    onCrash: 'unwind',
    steps: [reserveStep(deps), rootStep(deps), launchStep(deps, runner)],
  });
}

type CreateStep = OperationSpec<CreateParams, CreateState>['steps'][number];

/** The rows: from here on the name is taken. */
function reserveStep(deps: InstanceDeps): CreateStep {
  return {
    name: 'reserve',
    async do({ params, state }) {
      const { id, createdAt, ...row } = await deps.storage.volumeRow(volumeOf(params), params.image);
      state.volumeRow = row;
    },
    async commit({ params, state }, store) {
      try {
        await store.instances.insert(rowOf(params));
        if (state.volumeRow) await store.volumes.insert(state.volumeRow);
      } catch (cause) {
        if (cause instanceof RowConflict) throw new LxError('instance.exists', { name: params.name }, { cause });
        throw cause;
      }
    },
    async undo({ params }) {
      // The name may be another's: only rows with this operation's own id go.
      if (!(await deps.store.instances.byId(params.id))) return;
      const poolId = await poolOf(deps, params.volume);
      await deps.store.tx(async (store) => {
        await store.instances.delete(params.id);
        await deleteVolumeRow(store, poolId, params.volume);
      });
    },
  };
}

/** The root volume, from the image's layer. */
function rootStep(deps: InstanceDeps): CreateStep {
  return {
    name: 'root',
    async do({ params, progress }) {
      const { image } = params;
      if (image) {
        const row = await deps.images.resolve(params.project, { fingerprint: image });
        const warning = templateWarning(row.metadata);
        if (warning) {
          progress({ warning });
          deps.report(`instance ${params.name}`, new Error(warning));
        }
        await deps.storage.ensureImage(params.volume.pool, image, (directory) => {
          progress({ create_instance_from_image_unpack_progress: 'Unpacking image' });
          return deps.images.unpack(row, directory);
        });
      }
      await deps.storage.createRoot(volumeOf(params), image);
    },
    undo: ({ params }) => deps.storage.deleteRoot(volumeOf(params)),
  };
}

/** With `start`: init. */
function launchStep(deps: InstanceDeps, runner: Runner): CreateStep {
  return {
    name: 'launch',
    async do({ params, state }) {
      if (!params.start) return;
      state.volatile = (await runner.up(await fresh(deps, params.id))).volatile;
    },
    async commit({ params, state }, store) {
      if (!params.start) return;
      await store.instances.update(params.id, { power: 'running', lastUsedAt: deps.now() });
      await store.instances.mergeVolatile(params.id, state.volatile ?? {});
    },
    async undo({ params }) {
      const row = await deps.store.instances.byId(params.id);
      if (params.start && row) await runner.down(row);
      await removeLogs(deps, params);
    },
  };
}

/** Id of the volume's pool; to be asked for outside of transactions. */
export async function poolOf(deps: InstanceDeps, volume: RootVolume): Promise<string> {
  return (await deps.storage.pool(volume.pool)).id;
}

export async function deleteVolumeRow(store: Store, poolId: string, volume: RootVolume): Promise<void> {
  const row = await store.volumes.get(poolId, volume.project, 'container', volume.instance);
  if (row) await store.volumes.delete(row.id);
}

async function fresh(deps: InstanceDeps, id: string): Promise<InstanceRow> {
  const row = await deps.store.instances.byId(id);
  if (!row) throw new LxError('instance.not_found');
  return row;
}

function volumeOf(params: CreateParams): RootVolume {
  return params.volume;
}

function rowOf(params: CreateParams): InstanceRow {
  const { id, project, name, architecture, description, ephemeral, config, volatile, devices, profiles } = params;
  return {
    id,
    project,
    name,
    architecture,
    description,
    ephemeral,
    config,
    volatile,
    devices,
    profiles,
    power: 'stopped',
    createdAt: new Date(params.createdAt),
    lastUsedAt: null,
  };
}
