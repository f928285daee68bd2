import { type Api, segment } from '../api.ts';
import { readRaw, readReply } from '../envelope.ts';
import { collect } from '../transport.ts';

export interface RemoteFacts {
  type: string;
  uid: number;
  gid: number;
  /** Permissions. */
  mode: number;
}

/** `content`: to be read to its end. A link's is what it leads to. */
export type RemoteFile = { facts: RemoteFacts; names: string[] } | { facts: RemoteFacts; content: AsyncIterable<Uint8Array> };

/** What is left out is as the server has it. */
export interface FileToWrite {
  type?: 'file' | 'directory' | 'symlink';
  uid?: number | undefined;
  gid?: number | undefined;
  mode?: number | undefined;
}

/** The files of instances. */
export class FilesClient {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async facts(instance: string, path: string): Promise<RemoteFacts> {
    const response = await this.#api.transport.request({ method: 'HEAD', path: this.#path(instance, path) });
    await readRaw(response);
    await collect(response.body);
    return factsOf(response.headers);
  }

  async read(instance: string, path: string): Promise<RemoteFile> {
    const response = await this.#api.transport.request({ method: 'GET', path: this.#path(instance, path) });
    const facts = factsOf(response.headers);
    if (response.status >= 400 || facts.type !== 'directory') return { facts, content: await readRaw(response) };
    return { facts, names: (await readReply<string[]>(response)).metadata };
  }

  async write(
    instance: string,
    path: string,
    { type = 'file', uid, gid, mode }: FileToWrite,
    body?: string | Uint8Array | AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const headers: Record<string, string> = { 'content-type': 'application/octet-stream', 'x-lxd-type': type };
    if (uid !== undefined) headers['x-lxd-uid'] = String(uid);
    if (gid !== undefined) headers['x-lxd-gid'] = String(gid);
    if (mode !== undefined) headers['x-lxd-mode'] = mode.toString(8).padStart(4, '0');
    const request = { method: 'POST', path: this.#path(instance, path), headers, ...(body === undefined ? {} : { body }) } as const;
    await readReply(await this.#api.transport.request(request));
  }

  async remove(instance: string, path: string): Promise<void> {
    await readReply(await this.#api.transport.request({ method: 'DELETE', path: this.#path(instance, path) }));
  }

  #path(instance: string, path: string): string {
    return this.#api.path(`/1.0/instances/${segment(instance)}/files`, { path });
  }
}

function factsOf(headers: Record<string, string>): RemoteFacts {
  const header = (name: string) => headers[`x-lxd-${name}`] ?? headers[`x-incus-${name}`] ?? '';
  return { type: header('type'), uid: Number(header('uid')), gid: Number(header('gid')), mode: Number.parseInt(header('mode') || '0', 8) };
}
