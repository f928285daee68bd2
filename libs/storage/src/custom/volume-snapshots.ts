import { randomUUID } from 'node:crypto';
import {
  badExpiry,
  customVolumeKeys,
  LxError,
  nextGoodName,
  problemsOf,
  readExpiry,
  readKey,
  refuse,
  snapshotNameProblems,
} from '#lib/contract';
import type { Operation, Requestor } from '#lib/engine';
import type { Store, VolumeRow } from '#lib/store';
import type { VolumeActs } from './acts.ts';
import type { VolumeOperations } from './operations.ts';
import { snapshotNamed, snapshotOf } from './snapshot-operations.ts';
import { attachedTo, type NamedVolume, usersAtRest } from './users.ts';

export interface SnapshotWish {
  /** Empty: the next that is free. */
  name: string;
  /** Absent: that of the volume. */
  description?: string;
  /** RFC 3339; empty: never; null: as the volume's snapshots.expiry says. */
  expiresAt: string | null;
}

/** `expiresAt`: RFC 3339; empty: never. */
export type SnapshotChange = { description?: string; expiresAt?: string };

interface Using {
  store: Store;
  acts: VolumeActs;
  operations: VolumeOperations;
  now: () => Date;
}

/** Snapshots of custom volumes: each is a volume of its own beside the one that it was taken of. */
export class VolumeSnapshots {
  readonly #using: Using;

  constructor(using: Using) {
    this.#using = using;
  }

  /** LxError 'pool.not_found', 'volume.not_found', 'volume.snapshot_not_found'. */
  async get(volume: NamedVolume, snapshot: string): Promise<VolumeRow> {
    const parent = await this.#using.acts.get(volume);
    const row = await this.#using.store.volumes.get(parent.poolId, parent.project, 'custom', snapshotNamed(parent.name, snapshot));
    if (row?.parentId !== parent.id) throw new LxError('volume.snapshot_not_found');
    return row;
  }

  /** While instances write to the volume, it is taken as it is copied: as it is. */
  async create(volume: NamedVolume, wish: SnapshotWish, requestor?: Requestor): Promise<Operation> {
    const { store, acts, operations, now } = this.#using;
    const { id, poolId, project, name, description, config } = await acts.get(volume);
    const at = now();
    const expires =
      wish.expiresAt === null ? (readKey(customVolumeKeys, config, 'snapshots.expiry')?.(at) ?? null) : readExpiry(wish.expiresAt);
    refuse([
      ...(wish.name === '' ? [] : snapshotNameProblems(wish.name)),
      ...problemsOf([[expires === undefined, badExpiry(wish.expiresAt)]]),
    ]);
    const names = (await store.volumes.snapshots(id)).map(snapshotOf);
    if (names.includes(wish.name)) throw new LxError('volume.snapshot_exists', { name: wish.name });
    const snapshot = {
      ...{
        id: randomUUID(),
        name: wish.name || nextGoodName(readKey(customVolumeKeys, config, 'snapshots.pattern')?.(at) ?? 'snap%d', names),
        description: wish.description ?? description,
        config,
      },
      createdAt: at.toISOString(),
      expiresAt: expires?.toISOString() ?? null,
    };
    const told = { action: 'storage-volume-snapshot-created', snapshot: snapshot.name } as const;
    return acts.begin(operations.snapshot, { id, poolId, project, name, snapshot }, [volume], told, requestor);
  }

  /** `change` sees the snapshot as it is while nobody else can change it. */
  async update(volume: NamedVolume, snapshot: string, wanted: (before: VolumeRow) => SnapshotChange, requestor?: Requestor): Promise<void> {
    const { id } = await this.get(volume, snapshot);
    await this.#using.store.tx(async (writes) => {
      const row = await writes.volumes.lock(id);
      if (row === null) throw new LxError('volume.snapshot_not_found');
      const { description, expiresAt } = wanted(row);
      const expires = expiresAt === undefined ? row.expiresAt : readExpiry(expiresAt);
      if (expires === undefined) return refuse([badExpiry(expiresAt ?? '')]);
      await writes.volumes.update(id, { description: description ?? row.description, expiresAt: expires });
    });
    this.#using.acts.tell(volume, { action: 'storage-volume-snapshot-updated', snapshot }, requestor);
  }

  async rename(volume: NamedVolume, snapshot: string, newName: string, requestor?: Requestor): Promise<Operation> {
    refuse(snapshotNameProblems(newName));
    const { acts, operations, store } = this.#using;
    const { id, poolId, project } = await this.get(volume, snapshot);
    if (await store.volumes.get(poolId, project, 'custom', snapshotNamed(volume.name, newName)))
      throw new LxError('volume.snapshot_exists', { name: newName });
    const told = { action: 'storage-volume-snapshot-renamed', snapshot: newName, context: { old_name: snapshot } } as const;
    return acts.begin(operations.snapshotRename, { id, volume: volume.name, newName }, [volume], told, requestor);
  }

  async delete(volume: NamedVolume, snapshot: string, requestor?: Requestor): Promise<Operation> {
    const { acts, operations } = this.#using;
    const { id, poolId, name } = await this.get(volume, snapshot);
    const told = { action: 'storage-volume-snapshot-deleted', snapshot } as const;
    return acts.begin(operations.snapshotDelete, { id, poolId, name }, [volume], told, requestor);
  }

  /** The content alone: config and description of the volume stay. */
  async restore(volume: NamedVolume, snapshot: string, requestor?: Requestor): Promise<Operation> {
    const { acts, operations, store } = this.#using;
    const { id: snapshotId, parentId, poolId } = await this.get(volume, snapshot);
    const id = parentId ?? '';
    if ((await attachedTo(store, volume)).length > 0) throw new LxError('volume.restore_running');
    const users = await usersAtRest(store, id, volume);
    const params = { ...volume, id, poolId, snapshotId, users: users.ids };
    const told = { action: 'storage-volume-restored', context: { snapshot } } as const;
    return acts.begin(operations.restore, params, [volume], told, requestor, { users });
  }
}
