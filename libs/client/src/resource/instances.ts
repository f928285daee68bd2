import type {
  WireImageMetadata,
  WireInstance,
  WireInstanceBackup,
  WireInstanceBackupsPost,
  WireInstanceConsolePost,
  WireInstanceExecPost,
  WireInstanceFull,
  WireInstancePost,
  WireInstancePut,
  WireInstanceSnapshot,
  WireInstanceSource,
  WireInstanceSnapshotsPost,
  WireInstanceState,
  WireInstanceStatePut,
  WireInstancesPost,
  WireOperation,
} from '#lib/contract';
import { type Api, segment } from '../api.ts';
import type { Reply } from '../envelope.ts';
import { collect } from '../transport.ts';

export class InstancesClient {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(): Promise<WireInstance[]> {
    return this.#api.get('/1.0/instances', { recursion: 1 });
  }

  /** With state and snapshots. */
  listFull(filter = ''): Promise<WireInstanceFull[]> {
    return this.#api.get('/1.0/instances', { filter, recursion: 2 });
  }

  get(name: string): Promise<WireInstance> {
    return this.#api.get(path(name));
  }

  getFull(name: string): Promise<WireInstanceFull> {
    return this.#api.get(path(name), { recursion: 1 });
  }

  read(name: string): Promise<Reply<WireInstance>> {
    return this.#api.read(path(name));
  }

  state(name: string): Promise<WireInstanceState> {
    return this.#api.get(`${path(name)}/state`);
  }

  snapshot(name: string, snapshot: string): Promise<WireInstanceSnapshot> {
    return this.#api.get(`${path(name)}/snapshots/${segment(snapshot)}`);
  }

  takeSnapshot(name: string, body: WireInstanceSnapshotsPost): Promise<WireOperation> {
    return this.#api.start('POST', `${path(name)}/snapshots`, body);
  }

  renameSnapshot(name: string, snapshot: string, newName: string): Promise<WireOperation> {
    return this.#api.start('POST', `${path(name)}/snapshots/${segment(snapshot)}`, { name: newName });
  }

  changeSnapshot(name: string, snapshot: string, body: { expires_at: string }): Promise<WireOperation> {
    return this.#api.start('PUT', `${path(name)}/snapshots/${segment(snapshot)}`, body);
  }

  deleteSnapshot(name: string, snapshot: string): Promise<WireOperation> {
    return this.#api.start('DELETE', `${path(name)}/snapshots/${segment(snapshot)}`);
  }

  backups(name: string): Promise<WireInstanceBackup[]> {
    return this.#api.get(`${path(name)}/backups`, { recursion: 1 });
  }

  backUp(name: string, body: WireInstanceBackupsPost): Promise<WireOperation> {
    return this.#api.start('POST', `${path(name)}/backups`, body);
  }

  renameBackup(name: string, backup: string, newName: string): Promise<WireOperation> {
    return this.#api.start('POST', `${path(name)}/backups/${segment(backup)}`, { name: newName });
  }

  deleteBackup(name: string, backup: string): Promise<WireOperation> {
    return this.#api.start('DELETE', `${path(name)}/backups/${segment(backup)}`);
  }

  exportBackup(name: string, backup: string): Promise<{ body: AsyncIterable<Uint8Array>; headers: Record<string, string> }> {
    return this.#api.raw('GET', `${path(name)}/backups/${segment(backup)}/export`);
  }

  /** Makes an instance of a backup, under its own name and in its own pool where none are given. */
  importBackup(content: AsyncIterable<Uint8Array>, { name = '', pool = '' } = {}): Promise<WireOperation> {
    const wanted = { ...(name && { 'x-lxd-name': name }), ...(pool && { 'x-lxd-pool': pool }) };
    return this.#api.upload('/1.0/instances', { ...wanted, 'content-type': 'application/octet-stream' }, content);
  }

  create(body: WireInstancesPost): Promise<WireOperation> {
    return this.#api.start('POST', '/1.0/instances', body);
  }

  replace(name: string, body: WireInstancePut, etag?: string | null): Promise<WireOperation> {
    return this.#api.start('PUT', path(name), body, { etag });
  }

  rename(name: string, body: WireInstancePost): Promise<WireOperation> {
    return this.#api.start('POST', path(name), body);
  }

  /** Makes its root anew. */
  rebuild(name: string, source: WireInstanceSource): Promise<WireOperation> {
    return this.#api.start('POST', `${path(name)}/rebuild`, { source });
  }

  delete(name: string): Promise<WireOperation> {
    return this.#api.start('DELETE', path(name));
  }

  setState(name: string, body: WireInstanceStatePut): Promise<WireOperation> {
    return this.#api.start('PUT', `${path(name)}/state`, body);
  }

  /** Opens a command; its sockets are taken up by `runSession`. */
  exec(name: string, body: WireInstanceExecPost): Promise<WireOperation> {
    return this.#api.start('POST', `${path(name)}/exec`, body);
  }

  console(name: string, body: WireInstanceConsolePost): Promise<WireOperation> {
    return this.#api.start('POST', `${path(name)}/console`, body);
  }

  async consoleLog(name: string): Promise<Buffer> {
    return collect((await this.#api.raw('GET', `${path(name)}/console`)).body);
  }

  clearConsoleLog(name: string): Promise<void> {
    return this.#api.send('DELETE', `${path(name)}/console`);
  }

  metadata(name: string): Promise<Reply<WireImageMetadata>> {
    return this.#api.read(`${path(name)}/metadata`);
  }

  replaceMetadata(name: string, body: unknown, etag?: string | null): Promise<void> {
    return this.#api.send('PUT', `${path(name)}/metadata`, body, etag);
  }

  templates(name: string): Promise<string[]> {
    return this.#api.get(`${path(name)}/metadata/templates`);
  }

  async template(name: string, template: string): Promise<Buffer> {
    return collect((await this.#api.raw('GET', `${path(name)}/metadata/templates`, { path: template })).body);
  }

  writeTemplate(name: string, template: string, content: string): Promise<void> {
    return this.#api.sendFile(`${path(name)}/metadata/templates`, { path: template }, content);
  }

  deleteTemplate(name: string, template: string): Promise<void> {
    return this.#api.send('DELETE', `${path(name)}/metadata/templates?${new URLSearchParams({ path: template }).toString()}`);
  }

  logs(name: string): Promise<string[]> {
    return this.#api.get(`${path(name)}/logs`);
  }

  async log(name: string, file: string): Promise<Buffer> {
    return collect((await this.#api.raw('GET', `${path(name)}/logs/${segment(file)}`)).body);
  }
}

function path(name: string): string {
  return `/1.0/instances/${segment(name)}`;
}
