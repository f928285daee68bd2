import type { StringMap } from '#lib/base';
import type {
  WireOperation,
  WirePool,
  WirePoolResources,
  WireVolume,
  WireVolumeBackup,
  WireVolumeBackupsPost,
  WireVolumeSnapshot,
  WireVolumeState,
} from '#lib/contract';
import { type Api, segment } from '../api.ts';
import type { Reply } from '../envelope.ts';

export class PoolsClient {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(): Promise<WirePool[]> {
    return this.#api.get('/1.0/storage-pools', { recursion: 1 });
  }

  get(name: string): Promise<WirePool> {
    return this.#api.get(path(name));
  }

  read(name: string): Promise<Reply<WirePool>> {
    return this.#api.read(path(name));
  }

  resources(name: string): Promise<WirePoolResources> {
    return this.#api.get(`${path(name)}/resources`);
  }

  volumes(name: string): Promise<WireVolume[]> {
    return this.#api.get(`${path(name)}/volumes`, { recursion: 1 });
  }

  /** A custom volume. */
  readVolume(pool: string, name: string): Promise<Reply<WireVolume>> {
    return this.#api.read(volumePath(pool, name));
  }

  volumeState(pool: string, name: string): Promise<WireVolumeState> {
    return this.#api.get(`${volumePath(pool, name)}/state`);
  }

  createVolume(pool: string, body: { name: string; content_type: string; config: StringMap }): Promise<void> {
    return this.#api.send('POST', `${path(pool)}/volumes/custom`, { ...body, type: 'custom' });
  }

  copyVolume(pool: string, body: { name: string; source: { pool: string; name: string; volume_only: boolean } }): Promise<WireOperation> {
    return this.#api.start('POST', `${path(pool)}/volumes/custom`, { ...body, type: 'custom', source: { ...body.source, type: 'copy' } });
  }

  replaceVolume(pool: string, name: string, body: { config: StringMap; description: string }, etag?: string | null): Promise<void> {
    return this.#api.send('PUT', volumePath(pool, name), body, etag);
  }

  renameVolume(pool: string, name: string, newName: string): Promise<void> {
    return this.#api.send('POST', volumePath(pool, name), { name: newName });
  }

  moveVolume(pool: string, name: string, to: { pool: string; name: string }): Promise<WireOperation> {
    return this.#api.start('POST', volumePath(pool, name), to);
  }

  deleteVolume(pool: string, name: string): Promise<void> {
    return this.#api.send('DELETE', volumePath(pool, name));
  }

  /** Gives the volume the content of its snapshot; its description and config stay. */
  async restoreVolume(pool: string, name: string, snapshot: string): Promise<void> {
    const { metadata, etag } = await this.readVolume(pool, name);
    const { description, config } = metadata;
    await this.#api.send('PUT', volumePath(pool, name), { description, config, restore: snapshot }, etag);
  }

  volumeSnapshots(pool: string, name: string): Promise<WireVolumeSnapshot[]> {
    return this.#api.get(`${volumePath(pool, name)}/snapshots`, { recursion: 1 });
  }

  readVolumeSnapshot(pool: string, name: string, snapshot: string): Promise<Reply<WireVolumeSnapshot>> {
    return this.#api.read(snapshotPath(pool, name, snapshot));
  }

  snapshotVolume(pool: string, name: string, body: { name: string; description?: string; expires_at?: string }): Promise<WireOperation> {
    return this.#api.start('POST', `${volumePath(pool, name)}/snapshots`, body);
  }

  replaceVolumeSnapshot(
    pool: string,
    name: string,
    snapshot: string,
    body: { description: string; expires_at: string },
    etag?: string | null,
  ): Promise<void> {
    return this.#api.send('PUT', snapshotPath(pool, name, snapshot), body, etag);
  }

  renameVolumeSnapshot(pool: string, name: string, snapshot: string, newName: string): Promise<WireOperation> {
    return this.#api.start('POST', snapshotPath(pool, name, snapshot), { name: newName });
  }

  deleteVolumeSnapshot(pool: string, name: string, snapshot: string): Promise<WireOperation> {
    return this.#api.start('DELETE', snapshotPath(pool, name, snapshot));
  }

  volumeBackups(pool: string, name: string): Promise<WireVolumeBackup[]> {
    return this.#api.get(`${volumePath(pool, name)}/backups`, { recursion: 1 });
  }

  backUpVolume(pool: string, name: string, body: WireVolumeBackupsPost): Promise<WireOperation> {
    return this.#api.start('POST', `${volumePath(pool, name)}/backups`, body);
  }

  renameVolumeBackup(pool: string, name: string, backup: string, newName: string): Promise<WireOperation> {
    return this.#api.start('POST', backupPath(pool, name, backup), { name: newName });
  }

  deleteVolumeBackup(pool: string, name: string, backup: string): Promise<WireOperation> {
    return this.#api.start('DELETE', backupPath(pool, name, backup));
  }

  exportVolumeBackup(
    pool: string,
    name: string,
    backup: string,
  ): Promise<{ body: AsyncIterable<Uint8Array>; headers: Record<string, string> }> {
    return this.#api.raw('GET', `${backupPath(pool, name, backup)}/export`);
  }

  /** Makes a custom volume of a backup, under its own name where none is given. */
  importVolume(pool: string, content: AsyncIterable<Uint8Array>, name = ''): Promise<WireOperation> {
    const headers = { ...(name && { 'x-lxd-name': name }), 'content-type': 'application/octet-stream' };
    return this.#api.upload(`${path(pool)}/volumes/custom`, headers, content);
  }

  create(body: { name: string; driver: string; description: string; config: StringMap }): Promise<void> {
    return this.#api.send('POST', '/1.0/storage-pools', body);
  }

  replace(name: string, body: { config: StringMap; description: string }, etag?: string | null): Promise<void> {
    return this.#api.send('PUT', path(name), body, etag);
  }

  delete(name: string): Promise<void> {
    return this.#api.send('DELETE', path(name));
  }
}

function path(name: string): string {
  return `/1.0/storage-pools/${segment(name)}`;
}

function snapshotPath(pool: string, name: string, snapshot: string): string {
  return `${volumePath(pool, name)}/snapshots/${segment(snapshot)}`;
}

function backupPath(pool: string, name: string, backup: string): string {
  return `${volumePath(pool, name)}/backups/${segment(backup)}`;
}

function volumePath(pool: string, name: string): string {
  return `${path(pool)}/volumes/custom/${segment(name)}`;
}
