import { randomUUID } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Deferred } from '#lib/base';
import type { WireOperation, WireProjectState } from '#lib/contract';
import type { InstanceRow } from '#lib/store';
import { EventsController } from '../events/events.controller.ts';
import { OperationsController } from '../operations/operations.controller.ts';
import { ProfilesController } from '../profiles/profiles.controller.ts';
import { Daemon } from './daemon.ts';
import { FakeHouse } from './testing/fake-house.ts';
import { InternalController } from './internal.controller.ts';
import { makeLog } from './log.ts';
import { ProjectsController } from './projects.controller.ts';
import { ServerController } from './server.controller.ts';
import { VirtualMachinesController } from './virtual-machines.controller.ts';

let stateDir: string;
let house: FakeHouse;
let daemon: Daemon;

const makeDaemon = (over: FakeHouse) =>
  new Daemon({
    settings: {
      stateDir,
      runDir: join(stateDir, 'run'),
      databaseUrl: null,
      version: '0.1.0',
      homeDir: stateDir,
      logLevel: 'silent',
      databasePatienceMs: 10_000,
    },
    log: makeLog('silent'),
    buildHouse: async () => over,
    peerCredentials: () => ({ pid: 1, uid: 0, gid: 0 }),
    // Nobody but root may give the socket away.
    adminGroup: () => (process.getuid?.() === 0 ? 1 : null),
    controllers: [
      ServerController,
      ProjectsController,
      InternalController,
      EventsController,
      OperationsController,
      ProfilesController,
      VirtualMachinesController,
    ],
  });

beforeEach(() => {
  stateDir = mkdtempSync('/tmp/rim-');
  house = new FakeHouse();
  daemon = makeDaemon(house);
});
afterEach(async () => {
  void daemon.shutdown.request({ instances: 'leave' });
  await daemon.ended;
  rmSync(stateDir, { recursive: true });
});

interface Reply {
  status: number;
  body: { error: string; metadata: unknown };
}

function call(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const req = request({ socketPath: join(stateDir, 'unix.socket'), method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) as Reply['body'] }),
      );
    });
    req.on('error', reject);
    req.end(body ? JSON.stringify(body) : undefined);
  });
}

const dial = (path: string) => new WebSocket(`ws+unix://${join(stateDir, 'unix.socket')}:${path}`);
const opened = (socket: WebSocket) => new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
const nextMessage = (socket: WebSocket) =>
  new Promise<string>((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString())));
const refusal = (socket: WebSocket) =>
  new Promise<number>((resolve) => {
    socket.on('error', () => {});
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });

describe('the life of the daemon', () => {
  it('answers 503 while it starts', async () => {
    const started = new Deferred<void>();
    house.starting = started.promise;
    const start = daemon.start();
    const reply = await untilReachable();
    expect(reply).toMatchObject({ status: 503, body: { error: 'LXD daemon setup in progress' } });
    started.resolve();
    await start;
    expect((await call('GET', '/internal/ready')).status).toBe(200);
  });

  it('keeps the socket for root and the admin group', async () => {
    await daemon.start();
    const { gid, mode } = statSync(join(stateDir, 'unix.socket'));
    expect(mode & 0o777).toBe(0o660);
    if (process.getuid?.() === 0) expect(gid).toBe(1);
  });

  it('replaces what a dead daemon left', async () => {
    writeFileSync(join(stateDir, 'lxctld.pid'), '999999999\n');
    const die = `require('node:net').createServer().listen(${JSON.stringify(join(stateDir, 'unix.socket'))}, () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ['-e', die]);
    expect(statSync(join(stateDir, 'unix.socket')).isSocket()).toBe(true);
    await daemon.start();
    expect((await call('GET', '/')).body.metadata).toEqual(['/1.0']);
  });

  it('refuses a second daemon', async () => {
    await daemon.start();
    const second = makeDaemon(new FakeHouse());
    await expect(second.start()).rejects.toThrow(/Another daemon/);
    await second.abandon();
    expect((await call('GET', '/')).status).toBe(200);
  });

  it('gives operations the time that is configured', async () => {
    await daemon.start();
    await call('PATCH', '/1.0', { config: { 'core.shutdown_timeout': '2' } });
    await call('PUT', '/internal/shutdown');
    await daemon.ended;
    expect(house.stopped).toEqual({ instances: 'stop', patienceMs: 120_000 });
  });

  it('stops on request, kindly or by force', async () => {
    await daemon.start();
    expect((await call('PUT', '/internal/shutdown?force=1')).status).toBe(200);
    await daemon.ended;
    expect(house.stopped).toEqual({ instances: 'kill', patienceMs: 0 });
    await expect(call('GET', '/')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  });
});

async function untilReachable(): Promise<Reply> {
  for (;;) {
    try {
      return await call('GET', '/1.0');
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe('the server', () => {
  it('shows itself', async () => {
    await daemon.start();
    const server = (await call('GET', '/1.0?project=')).body.metadata as { environment: Record<string, unknown> };
    expect(server).toMatchObject({ api_status: 'stable', auth: 'trusted', config: {} });
    expect(server.environment).toMatchObject({
      server: 'lxctl',
      server_version: '5.0.2',
      driver_version: '0.1.0',
      storage: 'overlay',
      project: 'default',
    });
    expect(server.environment.certificate).toMatch(/^-----BEGIN CERTIFICATE-----/);
    expect(server.environment.certificate_fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(statSync(join(stateDir, 'server.key')).mode & 0o777).toBe(0o600);
  });

  it('keeps its config', async () => {
    await daemon.start();
    expect((await call('PUT', '/1.0', { config: { 'user.a': '1', 'user.b': '2' } })).status).toBe(200);
    expect((await call('PATCH', '/1.0', { config: { 'user.a': '', 'core.shutdown_timeout': '1' } })).status).toBe(200);
    expect(await house.store.config.all()).toEqual({ 'user.b': '2', 'core.shutdown_timeout': '1' });
    const refused = await call('PATCH', '/1.0', { config: { nope: 'x', 'core.shutdown_timeout': 'banana' } });
    expect(refused.body.error).toMatch(
      /cannot set 'nope' to 'x': unknown key; cannot set 'core.shutdown_timeout' to 'banana': it must be a whole number/,
    );
    expect((await call('PUT', '/1.0', { config: {} }, { 'if-match': 'stale' })).status).toBe(412);
  });

  it('adds up what the project uses', async () => {
    await daemon.start();
    await house.store.profiles.insert({
      project: 'default',
      name: 'big',
      description: '',
      config: { 'limits.memory': '100MiB' },
      devices: {},
    });
    await house.store.instances.insert({ ...instance('c1', ['big']), config: { 'limits.cpu': '2' } });
    await house.store.instances.insert({
      ...instance('c2', []),
      config: { 'limits.memory': '10%', 'limits.cpu': '0-1', 'limits.processes': '5' },
    });
    const { resources } = (await call('GET', '/1.0/projects/default/state')).body.metadata as WireProjectState;
    expect(resources).toMatchObject({
      instances: { Limit: -1, Usage: 2 },
      cpu: { Usage: 2 },
      memory: { Usage: 104_857_600 },
      processes: { Usage: 5 },
    });
    expect((await call('GET', '/1.0/projects/x/state')).status).toBe(404);
  });

  it('has one project and no virtual machines', async () => {
    await daemon.start();
    expect((await call('GET', '/1.0/projects')).body.metadata).toEqual(['/1.0/projects/default']);
    expect((await call('GET', '/1.0/projects/default')).status).toBe(200);
    expect((await call('GET', '/1.0/projects/x')).status).toBe(404);
    expect((await call('POST', '/1.0/projects', {})).status).toBe(501);
    expect((await call('PUT', '/1.0/projects/default', {})).status).toBe(501);
    expect(await call('DELETE', '/1.0/projects/default')).toMatchObject({
      status: 403,
      body: { error: "The 'default' project cannot be deleted" },
    });
    expect(await call('POST', '/1.0/projects/default', { name: 'x' })).toMatchObject({
      status: 403,
      body: { error: "The 'default' project cannot be renamed" },
    });
    for (const method of ['DELETE', 'PUT', 'PATCH', 'POST'])
      expect(await call(method, '/1.0/projects/x', method === 'DELETE' ? undefined : {})).toMatchObject({
        status: 404,
        body: { error: 'Project not found' },
      });
    expect((await call('GET', '/1.0/virtual-machines?recursion=1')).body.metadata).toEqual([]);
    expect((await call('GET', '/1.0/virtual-machines/v1/state')).body.error).toBe('Instance not found');
  });
});

function instance(name: string, profiles: string[]): InstanceRow {
  const nothing = {
    description: '',
    ephemeral: false,
    config: {},
    volatile: {},
    devices: {},
    lastUsedAt: null,
    idBase: null,
    idCount: null,
    attached: [],
  };
  return {
    id: randomUUID(),
    project: 'default',
    name,
    architecture: 'x86_64',
    profiles,
    power: 'stopped',
    createdAt: new Date(),
    ...nothing,
  };
}

describe('profiles', () => {
  beforeEach(async () => {
    await daemon.start();
    await call('POST', '/1.0/profiles', { name: 'default' });
    await call('POST', '/1.0/profiles', { name: 'p', config: { 'user.a': '1' }, devices: { eth0: { type: 'nic' } } });
    await house.store.instances.insert(instance('c1', ['default', 'p']));
  });

  it('are listed and shown with their users', async () => {
    expect((await call('GET', '/1.0/profiles')).body.metadata).toEqual(['/1.0/profiles/default', '/1.0/profiles/p']);
    expect((await call('GET', '/1.0/profiles/p')).body.metadata).toEqual({
      name: 'p',
      description: '',
      config: { 'user.a': '1' },
      devices: { eth0: { type: 'nic' } },
      used_by: ['/1.0/instances/c1'],
    });
    expect((await call('GET', '/1.0/profiles?recursion=1&filter=name%20eq%20p')).body.metadata).toHaveLength(1);
  });

  it('are changed, and the instances told', async () => {
    await call('PATCH', '/1.0/profiles/p', { config: { 'user.b': '2' } });
    expect((await house.store.profiles.get('default', 'p'))?.config).toEqual({ 'user.a': '1', 'user.b': '2' });
    await call('PUT', '/1.0/profiles/p', { description: 'new' });
    expect(await house.store.profiles.get('default', 'p')).toMatchObject({ description: 'new', config: {}, devices: {} });
    expect(house.applied).toEqual(['c1', 'c1']);
  });

  it('are renamed in the instances too', async () => {
    expect((await call('POST', '/1.0/profiles/p', { name: 'q' })).status).toBe(201);
    expect((await house.store.instances.get('default', 'c1'))?.profiles).toEqual(['default', 'q']);
  });

  it.each([
    ['POST', '/1.0/profiles', { name: 'p' }, 409, 'The profile "p" already exists'],
    ['POST', '/1.0/profiles', { name: 'a/b' }, 400, 'Profile names may not contain slashes'],
    ['POST', '/1.0/profiles', { name: 'x', config: { nope: '1' } }, 400, 'Unknown configuration key: nope'],
    ['POST', '/1.0/profiles', { name: 'x', config: { 'user.a': 1 } }, 400, 'config must be a map of strings'],
    ['POST', '/1.0/profiles', { name: 'x', devices: { a: 'b' } }, 400, 'devices must be a map of devices, each a map of strings'],
    ['DELETE', '/1.0/profiles/p', undefined, 400, 'Profile is currently in use'],
    ['DELETE', '/1.0/profiles/default', undefined, 403, "The 'default' profile cannot be deleted"],
    ['POST', '/1.0/profiles/default', { name: 'x' }, 403, "The 'default' profile cannot be renamed"],
    ['POST', '/1.0/profiles/p', { name: 'default' }, 409, 'Name "default" already in use'],
    ['GET', '/1.0/profiles/x', undefined, 404, 'Profile not found'],
  ] as const)('%s %s %j is refused', async (method, path, body, status, error) => {
    expect(await call(method, path, body)).toMatchObject({ status, body: { error } });
  });
});

describe('operations', () => {
  beforeEach(async () => {
    await daemon.start();
    house.operations.set('op1', { id: 'op1', status: 'Running', status_code: 103, class: 'task', metadata: null } as WireOperation);
  });

  it('are grouped by status', async () => {
    expect((await call('GET', '/1.0/operations')).body.metadata).toEqual({ running: ['/1.0/operations/op1'] });
    expect((await call('GET', '/1.0/operations?recursion=1&all-projects=true')).body.metadata).toMatchObject({ running: [{ id: 'op1' }] });
  });

  it('are shown, waited for and cancelled', async () => {
    expect((await call('GET', '/1.0/operations/op1')).body.metadata).toMatchObject({ id: 'op1' });
    expect((await call('GET', '/1.0/operations/op1/wait?timeout=3')).body.metadata).toMatchObject({ metadata: { timeoutMs: 3000 } });
    expect((await call('GET', '/1.0/operations/op1/wait?timeout=-1')).body.metadata).toMatchObject({ metadata: { timeoutMs: null } });
    expect((await call('GET', '/1.0/operations/op1/wait?timeout=x')).status).toBe(400);
    expect((await call('GET', '/1.0/operations/no/wait')).body.error).toBe('Operation not found');
    expect((await call('DELETE', '/1.0/operations/op1')).status).toBe(400);
  });

  it('take a websocket by its secret', async () => {
    const socket = dial('/1.0/operations/op1/websocket?secret=good');
    expect(await nextMessage(socket)).toBe('hello');
    socket.terminate();
    expect(await refusal(dial('/1.0/operations/op1/websocket?secret=bad'))).toBe(403);
    expect(await refusal(dial('/1.0/operations/op2/websocket?secret=good'))).toBe(404);
    expect(await refusal(dial('/1.0/operations/op1/websocket'))).toBe(400);
    expect(await refusal(dial('/1.0/nowhere'))).toBe(404);
    expect((await call('GET', '/1.0/operations/op1/websocket')).status).toBe(400);
  });
});

describe('events', () => {
  beforeEach(() => daemon.start());

  it('reach those who asked for their type and project', async () => {
    const lifecycle = dial('/1.0/events?type=lifecycle');
    const all = dial('/1.0/events?all-projects=true');
    await Promise.all([opened(lifecycle), opened(all)]);
    const [first, second] = [nextMessage(lifecycle), nextMessage(all)];
    const event = { timestamp: 't', location: 'none', metadata: {} };
    house.emit({ ...event, type: 'operation', project: 'other' });
    house.emit({ ...event, type: 'lifecycle', project: 'default' });
    expect(JSON.parse(await second)).toMatchObject({ type: 'operation', project: 'other' });
    expect(JSON.parse(await first)).toMatchObject({ type: 'lifecycle', project: 'default' });
    lifecycle.terminate();
    all.terminate();
  });

  it('refuse what makes no sense', async () => {
    expect(await refusal(dial('/1.0/events?type=weather'))).toBe(400);
    expect(await refusal(dial('/1.0/events?all-projects=true&project=default'))).toBe(400);
    expect((await call('GET', '/1.0/events')).body.error).toBe('This endpoint is a websocket');
  });

  it('end with the daemon', async () => {
    const socket = dial('/1.0/events');
    await opened(socket);
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    void daemon.shutdown.request({ instances: 'leave' });
    expect(await closed).toBe(1001);
  });
});
