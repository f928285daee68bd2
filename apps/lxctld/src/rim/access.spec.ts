import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Scope } from '#lib/contract';
import type { Engine } from '#lib/engine';
import { addUpgrades, allControllers } from '../app.module.ts';
import { BULK_STATE } from '../instances/bulk-state.ts';
import * as instanceTokens from '../instances/tokens.ts';
import { type Method, type RimServer, serveRim } from '../testing/rim-server.ts';
import * as tokens from '../tokens.ts';
import { requireAccess } from './access.ts';
import { Answer } from './answer.ts';
import { type Caller, introduce, unixCaller } from './caller.ts';
import { Upgrades } from './upgrades.ts';

const requestor = { username: 'x', protocol: 'tls', address: '' };
const stranger: Caller = { door: 'tls', trust: 'none', projects: [], requestor };
const restricted: Caller = { ...stranger, trust: 'restricted', projects: ['dev'] };
const admin: Caller = { ...stranger, trust: 'admin' };
const guest: Caller = { ...stranger, door: 'guest' };

const values = [...Object.values(tokens), ...Object.values(instanceTokens), BULK_STATE];
const all = (caller: Caller) =>
  serveRim({ controllers: allControllers, providers: values.map((provide) => ({ provide, useValue: {} })) }, { caller });

const open: string[] = ['public', 'secret'];
let rim: RimServer;
beforeAll(async () => {
  rim = await all(stranger);
});
afterAll(() => rim.close());

describe('access', () => {
  it('is stated by every route', async () => {
    expect(rim.routes.all.length).toBeGreaterThan(50);
    for (const route of rim.routes.all) expect(route).toMatchObject({ access: expect.stringMatching(/./) });

    @Controller('1.0/forgotten')
    class Forgotten {
      @Get()
      list(): Answer {
        return Answer.sync();
      }
    }
    await expect(serveRim({ controllers: [Forgotten] })).rejects.toThrow('The route GET /1.0/forgotten does not state who may use it');
  });

  it('keeps what is internal on the unix socket', async () => {
    const internal = rim.routes.all.filter(({ path }) => path.startsWith('/internal'));
    expect(internal.length).toBeGreaterThan(0);
    expect(internal.every(({ access }) => access === 'local')).toBe(true);
    const overTls = await all(admin);
    expect(await overTls.call('GET', '/internal/ready')).toMatchObject({ status: 403, error: 'not authorized' });
    await overTls.close();
    const overUnix = await all(unixCaller(1000));
    expect(await overUnix.call('GET', '/internal/ready')).toMatchObject({ status: 200 });
    await overUnix.close();
  });

  it('is refused to strangers by every route that is not public', async () => {
    for (const { method, path, access } of rim.routes.all) {
      if (method === 'HEAD' || open.includes(access)) continue;
      const url = path.replaceAll(/:\w+/g, 'x').replaceAll('*', 'x');
      const { status, error } = await rim.call(method as Method, url);
      expect([method, path, status, error]).toEqual([method, path, 403, 'not authorized']);
    }
  });

  it('shows strangers the server without its config', async () => {
    const published = rim.routes.all.filter(({ method, access }) => method === 'GET' && access === 'public').map(({ path }) => path);
    expect(published).toEqual(['/', '/1.0']);
  });

  it('knows projects, doors and trust', () => {
    const may = (...[access, caller, project]: Parameters<typeof requireAccess>) => {
      try {
        requireAccess(access, caller, project);
        return true;
      } catch {
        return false;
      }
    };
    expect([may('view', restricted, 'dev'), may('view', restricted, 'default'), may('view', admin, 'default')]).toEqual([
      true,
      false,
      true,
    ]);
    expect([may('admin', restricted, 'dev'), may('admin', admin, 'dev'), may('local', admin, 'dev')]).toEqual([false, true, false]);
    expect([may('trusted', restricted, 'default'), may('secret', stranger, 'x'), may('secret', guest, 'x')]).toEqual([true, true, false]);
    expect([may('local', unixCaller(1000), 'default'), may('trusted', guest, 'default')]).toEqual([true, false]);
  });
});

describe('access to websockets', () => {
  it('is stated by each of them, and asked for', async () => {
    const upgrades = new Upgrades({ refusal: () => null }, { scope: (name) => new Scope(name, []) });
    addUpgrades(upgrades, { events: {}, get: () => null } as unknown as Engine, {} as never);
    expect(upgrades.routes.map(({ path, access }) => [path, access])).toEqual([
      ['/1.0/events', 'trusted'],
      ['/1.0/operations/:id/websocket', 'secret'],
      ['/1.0/instances/:name/sftp', 'operate-instances'],
    ]);
    const server = createServer();
    server.on('connection', (socket) => introduce(socket, stranger));
    server.on('upgrade', upgrades.handle);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const refusal = (path: string) =>
      new Promise<number>((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
        socket.on('error', () => {});
        socket.once('unexpected-response', (_request, response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
      });
    expect(await refusal('/1.0/events')).toBe(403);
    expect(await refusal('/1.0/operations/x/websocket?secret=y')).toBe(404);
    server.close();
  });
});
