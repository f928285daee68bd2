import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import {
  type ArchiveFormat,
  type Arrivals,
  BackupFiles,
  backupNameProblems,
  type BackupRequest,
  checkBackup,
  planBackup,
  volumeBackup,
} from '#lib/archive';
import type { JsonObject } from '#lib/base';
import { LxError, readExpiry, refuse, volumeConfigProblems, withoutEmpty } from '#lib/contract';
import type { Operation, Requestor } from '#lib/engine';
import type { Confinement } from '#lib/host';
import type { BackupRow, Store } from '#lib/store';
import type { VolumeActs } from '../acts.ts';
import type { CustomPlaces } from '../custom-places.ts';
import { volumeNameProblems } from '../names.ts';
import type { VolumeOperations } from '../operations.ts';
import type { NamedVolume } from '../users.ts';
import { indexProblems, ownConfig, shiftsOf, type VolumeBackupIndex } from './backup-index.ts';
import type { ImportedSnapshot, VolumeImportParams } from './import-operation.ts';

interface Using {
  store: Store;
  acts: VolumeActs;
  operations: VolumeOperations;
  backupFiles: BackupFiles;
  arrivals: Arrivals;
  confinement: Confinement;
  places: CustomPlaces;
  now: () => Date;
  report: (message: string, cause: unknown) => void;
}

/** Files of the backups of custom volumes: `<directory>/<volume's id>/<backup's id>`. */
export function volumeBackupFiles(directory: string): BackupFiles {
  return new BackupFiles(
    (id) => join(directory, id),
    (cause) => new LxError('volume.backup_not_found', undefined, { cause }),
  );
}

/** Backups of custom volumes, each a file of the server's: their verbs, with their checks. */
export class VolumeBackups {
  readonly #using: Using;

  constructor(using: Using) {
    this.#using = using;
  }

  /** The oldest first. */
  async list(volume: NamedVolume): Promise<BackupRow[]> {
    const { id } = await this.#using.acts.get(volume);
    return this.#using.store.volumeBackups.list([id]);
  }

  /** LxError 'pool.not_found', 'volume.not_found', 'volume.backup_not_found'. */
  async get(volume: NamedVolume, backup: string): Promise<BackupRow> {
    const { id } = await this.#using.acts.get(volume);
    const row = await this.#using.store.volumeBackups.get(id, backup);
    if (row === null) throw new LxError('volume.backup_not_found');
    return row;
  }

  /** While instances write to the volume, it is read as it is copied: as it is. */
  async create(volume: NamedVolume, request: BackupRequest, requestor?: Requestor): Promise<Operation> {
    const { store, acts, operations, now } = this.#using;
    const { id, name } = await acts.get(volume);
    const names = (await store.volumeBackups.list([id])).map((each) => each.name);
    const planned = planBackup(request, { of: name, names, config: await store.config.all(), at: now() });
    const params = { id, name, backupId: randomUUID(), ...planned };
    const { backup } = planned;
    const told = { action: 'storage-volume-backup-created', backup } as const;
    return acts.begin(operations.backup, params, [volume], told, requestor, { backup, mayCancel: true });
  }

  async rename(volume: NamedVolume, backup: string, newName: string, requestor?: Requestor): Promise<Operation> {
    const { store, acts, operations } = this.#using;
    refuse(backupNameProblems(newName));
    const { id, ownerId } = await this.get(volume, backup);
    if (await store.volumeBackups.get(ownerId, newName)) throw new LxError('backup.exists', { name: `${volume.name}/${newName}` });
    const told = { action: 'storage-volume-backup-renamed', backup: newName, context: { old_name: backup } } as const;
    return acts.begin(operations.backupRename, { volume: volume.name, backupId: id, newName }, [volume], told, requestor);
  }

  delete(volume: NamedVolume, { id, ownerId, name }: BackupRow, requestor?: Requestor): Promise<Operation> {
    const { acts, operations } = this.#using;
    const told = { action: 'storage-volume-backup-deleted', backup: name } as const;
    return acts.begin(operations.backupDelete, { id: ownerId, backupId: id }, [volume], told, requestor);
  }

  /** The file of one. LxError as `get`. */
  async read(
    volume: NamedVolume,
    backup: string,
    requestor?: Requestor,
  ): Promise<{ size: number; format: ArchiveFormat; content: Readable }> {
    const { id, ownerId } = await this.get(volume, backup);
    const file = await this.#using.backupFiles.read({ id: ownerId, backupId: id });
    this.#using.acts.tell(volume, { action: 'storage-volume-backup-retrieved', backup }, requestor);
    return file;
  }

  /**
   * Makes a volume of a backup, with its snapshots. `to.name` is empty: as in the backup. `read`: the index, checked for its shape.
   * The file arrives and is checked first: the request has its bytes.
   */
  import(to: NamedVolume, content: Readable, read: (index: JsonObject) => VolumeBackupIndex, requestor?: Requestor): Promise<Operation> {
    const { acts, operations, arrivals, confinement, report } = this.#using;
    const sound = (document: JsonObject) => {
      const index = read(document);
      refuse(indexProblems(index));
      return index;
    };
    const begin = async (arrived: string) => {
      const { index } = await checkBackup(volumeBackup, arrivals.path(arrived), sound, confinement);
      const volume = { ...to, name: to.name || index.name };
      const params = await this.importParams(volume, arrived, index);
      return acts.begin(operations.import, params, [volume], { action: 'storage-volume-created' }, requestor, { mayCancel: true });
    };
    return arrivals.take(content, begin, report);
  }

  /** All that is wrong with it is told before anything is made of it. */
  async importParams(to: NamedVolume, arrived: string, index: VolumeBackupIndex): Promise<VolumeImportParams> {
    const { acts, now, places } = this.#using;
    const { project, name } = to;
    const config = ownConfig(index.volume);
    refuse([...volumeNameProblems(name), ...volumeConfigProblems(project, name, config)]);
    const { id: poolId } = await acts.room(to);
    refuse(await places.problems(poolId, config));
    const createdAt = timeOf(index.volume.created_at) ?? now().toISOString();
    const states = [...index.states].sort((a, b) => index.snapshots.indexOf(a.name) - index.snapshots.indexOf(b.name));
    return {
      ...{ id: randomUUID(), poolId, project, name, description: index.volume.description, config: withoutEmpty(config), createdAt },
      ...{ arrived, shifts: shiftsOf(index.volume), snapshots: states.map((state) => importedSnapshot(state, createdAt)) },
    };
  }
}

function importedSnapshot(state: VolumeBackupIndex['states'][number], createdAt: string): ImportedSnapshot {
  return {
    ...{ id: randomUUID(), name: state.name, description: state.description, config: withoutEmpty(ownConfig(state)) },
    ...{ createdAt: timeOf(state.created_at) ?? createdAt, expiresAt: timeOf(state.expires_at), shifts: shiftsOf(state) },
  };
}

/** null also for LXD's way to say never. */
function timeOf(text: string): string | null {
  return readExpiry(text)?.toISOString() ?? null;
}
