import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { TestDaemon } from './harness/daemon.ts';

/** Each bad request is a clear 4xx that names what is wrong, and changes nothing. */

let daemon: TestDaemon;

interface Answer {
  status: number;
  body: { type: string; error: string; error_code: number; operation?: string };
}

function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const payload = body === undefined ? undefined : typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const req = request({ socketPath: daemon.socket, method, path, headers: { 'content-type': 'application/json', ...headers } }, (res) => {
      let text = '';
      res.on('data', (chunk) => (text += chunk));
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body: JSON.parse(text) }));
    });
    req.on('error', reject);
    req.end(payload);
  });
}

/** All that a refused request must leave as it was. */
async function inventory(): Promise<unknown> {
  const paths = [
    '/1.0/instances?recursion=1',
    '/1.0/images?recursion=1',
    '/1.0/profiles?recursion=1',
    '/1.0/networks',
    '/1.0/storage-pools',
    '/1.0/storage-pools/default/volumes',
  ];
  const lists = await Promise.all(paths.map((path) => daemon.client.api.get(path)));
  const files = await Promise.all(
    ['images', 'storage-pools/default/containers', 'storage-pools/default/images'].map((each) =>
      readdir(join(daemon.dir, each)).catch(() => []),
    ),
  );
  return JSON.parse(JSON.stringify([lists, files]), (key, value) => (key === 'last_used_at' ? undefined : value));
}

const image = { type: 'image', alias: 'busybox' };

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  await daemon.launchInstance('up');
  await daemon.done(daemon.client.instances.create({ name: 'down', source: { type: 'image', alias: 'busybox' } }));
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

describe('a request that is refused', () => {
  const cases: [what: string, method: string, path: string, body: unknown, status: number, error: RegExp][] = [
    ['unknown image', 'POST', '/1.0/instances', { name: 'a', source: { type: 'image', alias: 'nope' } }, 404, /not found/i],
    [
      'unknown fingerprint',
      'POST',
      '/1.0/instances',
      { name: 'a', source: { type: 'image', fingerprint: 'ab'.repeat(32) } },
      404,
      /not found/i,
    ],
    ['name taken', 'POST', '/1.0/instances', { name: 'up', source: image }, 409, /already exists/],
    ['invalid name', 'POST', '/1.0/instances', { name: '../up', source: image }, 400, /Invalid instance name/],
    ['name too long', 'POST', '/1.0/instances', { name: 'x'.repeat(64), source: image }, 400, /1-63/],
    [
      'unknown key',
      'POST',
      '/1.0/instances',
      { name: 'a', source: image, config: { 'limits.bananas': '1' } },
      400,
      /Unknown configuration key: limits.bananas/,
    ],
    [
      'malformed value',
      'POST',
      '/1.0/instances',
      { name: 'a', source: image, config: { 'limits.memory': 'banana' } },
      400,
      /limits\.memory/,
    ],
    [
      'a key not supported',
      'POST',
      '/1.0/instances',
      { name: 'a', source: image, config: { 'raw.lxc': 'lxc.aa_profile=x' } },
      400,
      /not supported.*raw\.lxc/,
    ],
    ['value that is no text', 'POST', '/1.0/instances', { name: 'a', source: image, config: { 'limits.memory': 5 } }, 400, /config/],
    [
      'unknown device type',
      'POST',
      '/1.0/instances',
      { name: 'a', source: image, devices: { d: { type: 'teleporter' } } },
      400,
      /teleporter/,
    ],
    ['profile that does not exist', 'POST', '/1.0/instances', { name: 'a', source: image, profiles: ['default', 'nope'] }, 400, /nope/],
    [
      'pool that does not exist',
      'POST',
      '/1.0/instances',
      { name: 'a', source: image, devices: { root: { type: 'disk', path: '/', pool: 'nope' } } },
      400,
      /not found/,
    ],
    [
      'network that does not exist',
      'POST',
      '/1.0/instances',
      { name: 'a', source: image, devices: { eth0: { type: 'nic', network: 'nope' } } },
      400,
      /nope/,
    ],
    ['virtual machine', 'POST', '/1.0/instances', { name: 'a', source: image, type: 'virtual-machine' }, 400, /virtual-machine/],
    ['no source', 'POST', '/1.0/instances', { name: 'a' }, 400, /[Ss]ource/],
    ['half a surrogate pair in a command', 'POST', '/1.0/instances/up/exec', '{"command":["echo","\\ud800"]}', 400, /"command\[1\]"/],
    ['half a surrogate pair in a description', 'PATCH', '/1.0/instances/down', '{"description":"\\udc00"}', 400, /"description"/],
    ['NUL in the name of an alias', 'POST', '/1.0/images/aliases', '{"name":"a\\u0000","target":"x"}', 400, /"name"/],
    ['half a surrogate pair in a key', 'PATCH', '/1.0', '{"config":{"user.\\ud800":"x"}}', 400, /Invalid name/],
    ['NUL in a path', 'GET', '/1.0/profiles/a%00', undefined, 400, /NUL/],
    ['NUL in a query', 'GET', '/1.0/instances?filter=name%20eq%20%00', undefined, 400, /"query.filter"/],
    ['a line break in a key', 'PATCH', '/1.0/instances/down', { config: { 'user.a\nb': 'x' } }, 400, /control characters/],
    ['an escape in a key of the server', 'PATCH', '/1.0', { config: { 'user.\x1b[31m': 'x' } }, 400, /control characters/],
    ['a line break in a key of a network', 'POST', '/1.0/networks', { name: 'bad0', config: { 'user.a\n': 'x' } }, 400, /control/],
    ['an unknown action', 'PUT', '/1.0/instances/up/state', { action: 'dance' }, 400, /^Unknown action: 'dance'$/],
    ['an unknown key of the server', 'PATCH', '/1.0', { config: { nope: '1' } }, 400, /^cannot set 'nope' to '1': unknown key$/],
    ['JSON that is none', 'POST', '/1.0/instances', '{"name": ', 400, /JSON/],
    ['JSON that is no object', 'POST', '/1.0/instances', '[1,2]', 400, /JSON|object/],
    [
      'body over the limit',
      'POST',
      '/1.0/instances',
      JSON.stringify({ name: 'a', description: 'x'.repeat(3 * 1024 * 1024) }),
      413,
      /larger/,
    ],
    ['project that does not exist', 'GET', '/1.0/instances?project=nope', undefined, 404, /Project not found/],
    ['start of a running one', 'PUT', '/1.0/instances/up/state', { action: 'start' }, 400, /already running/],
    ['stop of a stopped one', 'PUT', '/1.0/instances/down/state', { action: 'stop' }, 400, /already stopped/],
    ['freeze of a stopped one', 'PUT', '/1.0/instances/down/state', { action: 'freeze' }, 400, /isn't running/],
    ['unknown action', 'PUT', '/1.0/instances/up/state', { action: 'explode' }, 400, /action/],
    ['exec in a stopped one', 'POST', '/1.0/instances/down/exec', { command: ['true'] }, 400, /not running/],
    ['exec of nothing', 'POST', '/1.0/instances/up/exec', { command: [] }, 400, /command/],
    ['delete of a running one', 'DELETE', '/1.0/instances/up', undefined, 400, /is running/],
    ['rename to a taken name', 'POST', '/1.0/instances/down', { name: 'up' }, 409, /already in use/],
    ['instance that does not exist', 'GET', '/1.0/instances/nope', undefined, 404, /Instance not found/],
    ['path that does not exist', 'GET', '/1.0/bananas', undefined, 404, /not found/],
    ['verb that does not exist', 'PATCH', '/1.0/instances', {}, 501, /not implemented/],
    ['operation that does not exist', 'GET', '/1.0/operations/00000000-0000-4000-8000-000000000000', undefined, 404, /Operation not found/],
    ['profile with an unknown key', 'POST', '/1.0/profiles', { name: 'p', config: { nonsense: '1' } }, 400, /nonsense/],
    ['network with a bad address', 'POST', '/1.0/networks', { name: 'nbad', config: { 'ipv4.address': 'banana' } }, 400, /ipv4\.address/],
    ['network without a MAC', 'POST', '/1.0/networks', { name: 'nbad', config: { 'bridge.hwaddr': '00:00:00:00:00:00' } }, 400, /hwaddr/],
    ['network of many a MAC', 'POST', '/1.0/networks', { name: 'nbad', config: { 'bridge.hwaddr': '01:00:5e:00:00:01' } }, 400, /hwaddr/],
    ['pool of an unknown driver', 'POST', '/1.0/storage-pools', { name: 'p2', driver: 'floppy' }, 400, /floppy/],
    ['delete of the default profile', 'DELETE', '/1.0/profiles/default', undefined, 403, /default/],
  ];

  it.each(cases)('%s', async (_what, method, path, body, status, error) => {
    const before = await inventory();
    const answer = await ask(method, path, body);
    expect({ status: answer.status, error: answer.body.error }).toEqual({ status, error: expect.stringMatching(error) });
    expect(answer.body.type).toBe('error');
    expect(answer.body.error_code).toBe(status);
    expect(await inventory()).toEqual(before);
  });

  it('names every problem at once', async () => {
    const { body } = await ask('POST', '/1.0/instances', {
      name: '-',
      source: image,
      config: { nonsense: '1', 'limits.memory': 'banana' },
      devices: { d: { type: 'teleporter' } },
    });
    for (const part of ['Invalid instance name', 'nonsense', 'limits.memory', 'teleporter']) expect(body.error).toContain(part);
  });
});

describe('an image file that is refused', () => {
  let work: string;
  const tar = (name: string, args: string[]) => {
    execFileSync('tar', ['-C', work, '-czf', join(work, name), ...args]);
    return readFile(join(work, name));
  };

  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'lxi-'));
    mkdirSync(join(work, 'rootfs/sbin'), { recursive: true });
    writeFileSync(join(work, 'rootfs/sbin/init'), '#!/bin/sh\n');
    writeFileSync(join(work, 'metadata.yaml'), 'architecture: x86_64\ncreation_date: 1700000000\nproperties: {description: test}\n');
    symlinkSync('/etc', join(work, 'rootfs/link'));
  });

  afterAll(() => rmSync(work, { recursive: true }));

  const upload = async (content: Buffer | string) => {
    const before = await inventory();
    const answer = await ask('POST', '/1.0/images', content, { 'content-type': 'application/octet-stream' });
    let {
      status,
      body: { error },
    } = answer;
    if (status === 202) {
      // LXD, too, answers some of these through the operation.
      const view = await daemon.client.operations.wait(String(answer.body.operation).split('/').pop() ?? '', 30);
      status = view.status_code;
      error = view.err;
    }
    expect(await inventory()).toEqual(before);
    return { status, error };
  };

  it('not an archive', async () => {
    expect(await upload('this is no archive at all, but it is long enough to look at'.repeat(20))).toEqual({
      status: 400,
      error: expect.stringMatching(/archive|compression|format|image/i),
    });
  });

  it('truncated', async () => {
    const whole = await tar('whole.tar.gz', ['metadata.yaml', 'rootfs/sbin']);
    expect(await upload(whole.subarray(0, Math.floor(whole.length / 2)))).toEqual({
      status: 400,
      error: expect.stringMatching(/truncated|end|whole|damaged|corrupt/i),
    });
  });

  it('empty', async () => {
    expect((await upload('')).status).toBe(400);
  });

  it('without metadata', async () => {
    expect(await upload(await tar('nometa.tar.gz', ['rootfs/sbin']))).toEqual({
      status: 400,
      error: expect.stringMatching(/metadata\.yaml/),
    });
  });

  it('with ../', async () => {
    expect(
      await upload(
        await tar('dots.tar.gz', ['-P', '--transform=s,^rootfs/sbin/init$,rootfs/../../../escape,', 'metadata.yaml', 'rootfs/sbin/init']),
      ),
    ).toEqual({ status: 400, error: expect.stringMatching(/\.\./) });
  });

  it('whose root lies at an absolute path, which counts from the archive itself', async () => {
    expect(
      await upload(
        await tar('abs.tar.gz', ['-P', '--transform=s,^rootfs/sbin/init$,/tmp/lxctl-escape,', 'metadata.yaml', 'rootfs/sbin/init']),
      ),
    ).toEqual({ status: 400, error: expect.stringMatching(/holds no directory rootfs/) });
  });

  it('with a member behind a symlink', async () => {
    const bytes = await tar('behind.tar.gz', [
      '--transform=s,^rootfs/sbin/init$,rootfs/link/passwd,',
      'metadata.yaml',
      'rootfs/link',
      'rootfs/sbin/init',
    ]);
    expect(await upload(bytes)).toEqual({ status: 400, error: expect.stringMatching(/symlink|symbolic/i) });
  });

  it('with a device node where none belongs', async () => {
    execFileSync('mknod', [join(work, 'rootfs/sda'), 'b', '8', '0']);
    expect(await upload(await tar('node.tar.gz', ['metadata.yaml', 'rootfs/sda']))).toEqual({
      status: 400,
      error: expect.stringMatching(/device/i),
    });
  });
});

describe('a value of null', () => {
  it('unsets a key alike on instances, profiles, networks and the server', async () => {
    await ask('POST', '/1.0/profiles', { name: 'unset', config: {} });
    await ask('POST', '/1.0/networks', { name: 'nunset', config: { 'ipv4.address': 'none', 'ipv6.address': 'none' } });
    for (const path of ['/1.0/instances/down', '/1.0/profiles/unset', '/1.0/networks/nunset', '/1.0']) {
      const config = async () => (await daemon.client.api.get<{ config: Record<string, string> }>(path)).config;
      const keep = await config();
      expect(await ask('PATCH', path, { config: { 'user.a': 'b', 'user.c': 'd' } })).toMatchObject({ status: 200 });
      expect(await ask('PATCH', path, { config: { 'user.a': null } })).toMatchObject({ status: 200 });
      expect(await config()).toEqual({ ...keep, 'user.c': 'd' });
      expect(await ask('PATCH', path, { config: { 'user.c': null } })).toMatchObject({ status: 200 });
      expect(await config()).toEqual(keep);
    }
    await ask('DELETE', '/1.0/profiles/unset');
    await ask('DELETE', '/1.0/networks/nunset');
  });

  it('leaves out a key or an option of what is created', async () => {
    const device = { type: 'nic', network: null, nictype: 'bridged', parent: 'nowhere', name: 'eth5', mtu: null };
    const body = { name: 'nulls', source: { type: 'none' }, config: { 'user.a': null, 'user.b': 'c' }, devices: { eth5: device } };
    await daemon.done(daemon.client.api.start('POST', '/1.0/instances', body));
    const { config, devices } = await daemon.client.instances.get('nulls');
    expect([config['user.a'], config['user.b']]).toEqual([undefined, 'c']);
    expect(devices.eth5).toEqual({ type: 'nic', nictype: 'bridged', parent: 'nowhere', name: 'eth5' });
    await daemon.remove('nulls');
  });
});

describe('a client that means harm', () => {
  it('holds nobody up with the pattern of a filter', async () => {
    expect((await ask('PATCH', '/1.0/instances/down', { description: 'a'.repeat(100_000) })).status).toBe(200);
    for (const pattern of ['((a|a))*b', '.*a.*a.*b', '(a+)+b', '(.*)(.*)(.*)(.*)[^a]']) {
      const begun = performance.now();
      const slow = ask('GET', `/1.0/instances?recursion=1&filter=${encodeURIComponent(`description eq ${pattern}`)}`);
      expect((await ask('GET', '/1.0')).status).toBe(200);
      expect([200, 400]).toContain((await slow).status);
      expect(performance.now() - begun).toBeLessThan(3000);
    }
    expect((await ask('PATCH', '/1.0/instances/down', { description: '' })).status).toBe(200);
  });

  it('gets no websocket for the page of another site', async () => {
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    for (const path of ['/1.0/events', '/1.0/operations/x/websocket?secret=y'])
      expect(await ask('GET', path, undefined, { ...upgrade, origin: 'https://evil.example' })).toMatchObject({ status: 403 });
    expect((await ask('GET', '/1.0/operations/%zz/websocket?secret=y', undefined, upgrade)).status).toBe(400);
  });

  it('reads no secrets of an operation from its events', async () => {
    const seen: string[] = [];
    const socket = new WebSocket(`ws+unix://${daemon.socket}:/1.0/events?type=operation`);
    await once(socket, 'open');
    socket.on('message', (data: Buffer) => seen.push(data.toString()));
    const { body } = await ask('POST', '/1.0/instances/up/exec', { command: ['true'], 'wait-for-websocket': true });
    const operation = (body as unknown as { metadata: { id: string; metadata: { fds: Record<string, string> } } }).metadata;
    const secrets = Object.values(operation.metadata.fds);
    expect(secrets).toHaveLength(4);
    const own = await ask('GET', `/1.0/operations/${operation.id}`);
    expect(JSON.stringify(own.body)).toContain(secrets[0]);
    await ask('GET', `/1.0/operations/${operation.id}/wait`);
    socket.terminate();
    expect(seen.join()).toContain(operation.id);
    for (const secret of secrets) expect(seen.join()).not.toContain(secret);
  });
});
