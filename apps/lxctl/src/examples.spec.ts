import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type StringMap } from '#lib/base';
import type { TransportRequest, TransportResponse } from '#lib/client';
import {
  instanceConfigProblems,
  isNetworkType,
  networkConfigProblems,
  poolKeys,
  serverConfigProblems,
  validateConfig,
} from '#lib/contract';
import { leaves } from './run/tree.ts';
import type { FakeIo } from './testing/fake-io.ts';
import { FakeServer } from './testing/fake-server.ts';
import { lxctl } from './testing/lxctl.ts';
import { tree } from './tree.ts';

/** Files that an example names. */
const files = mkdtempSync(join(tmpdir(), 'lxctl-examples-'));
afterAll(() => rmSync(files, { recursive: true }));

/** Has whatever is asked for, and looks at each config it is sent as the real one does. */
class StrictServer extends FakeServer {
  readonly problems: string[] = [];

  override request(request: TransportRequest): Promise<TransportResponse> {
    const [path = ''] = request.path.split('?');
    const body = typeof request.body === 'string' ? (JSON.parse(request.body) as Sent) : {};
    if (request.method !== 'GET') this.problems.push(...problemsOf(path, body));
    const route = `${request.method} ${request.path}`;
    if (request.method === 'GET') this.sync(route, found(path), 'etag');
    else if (/^\/1\.0\/(instances|images|operations)\b/.test(path)) this.operation(route, { metadata: { fingerprint: 'f00' } });
    else this.sync(route, {});
    return super.request(request);
  }
}

interface Sent {
  config?: StringMap;
  name?: string;
  type?: string;
  driver?: string;
}

function problemsOf(path: string, { config = {}, name = '', type = '', driver = '' }: Sent): string[] {
  if (path === '/1.0') return serverConfigProblems(config);
  if (path.startsWith('/1.0/instances')) return instanceConfigProblems(config);
  if (path === '/1.0/networks') return isNetworkType(type) ? networkConfigProblems(name, type, config) : [`no network type ${type}`];
  if (path === '/1.0/storage-pools') return poolKeys[driver] ? validateConfig(poolKeys[driver], config) : [`no pool driver ${driver}`];
  return [];
}

function found(path: string): unknown {
  if (path === '/1.0') return { config: {}, environment: {}, api_extensions: ['instance_create_start'] };
  if (path.split('/').length === 3 || path === '/1.0/images/aliases') return [];
  return {
    name: 'c1',
    config: {},
    devices: {},
    profiles: ['default'],
    description: '',
    status: 'Running',
    target: 'f00',
    status_code: 200,
  };
}

/** `lxctl launch debian d2 < d2.yaml` as words and a document. */
function wordsOf(example: string): string[] {
  const [command = ''] = example.replace(/^lxctl /, '').split(' < ');
  return command.split(' ').map((word) => {
    if (!/\.(tar\.\w+|squashfs)$/.test(word)) return word;
    writeFileSync(join(files, word), 'an image');
    return join(files, word);
  });
}

function prepare(io: FakeIo, server: FakeServer): void {
  io.input = 'file';
  io.document = 'config: {}\n';
  // A stream of events goes on until it is interrupted.
  setImmediate(function interrupt() {
    if (server.sockets.length > 0) io.signals.emit('SIGINT');
    else if (!server.asked.length) setImmediate(interrupt);
  });
}

const examples = await Promise.all(leaves(tree).map(async ({ node }) => (await node.load()).verb.examples ?? [])).then((lists) =>
  lists.flat(),
);

describe('the examples of the help', () => {
  it.each(examples)('%s', async (example) => {
    const server = new StrictServer();
    const outcome = await lxctl(server, wordsOf(example), (io) => prepare(io, server));
    expect({ ...outcome, out: '' }).toEqual({ code: 0, out: '', err: '' });
    expect(server.problems).toEqual([]);
  });
});
