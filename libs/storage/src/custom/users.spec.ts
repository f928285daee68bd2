import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import { defineOperation, OperationEngine, succeeded } from '#lib/engine';
import type { AttachedRow } from '#lib/store';
import { run } from '../../../engine/src/testing.ts';
import { MemoryStore, sampleInstance } from '../../../store/src/fake/index.ts';
import { PoolStorage } from '../pool-storage.ts';
import { archiveParts } from '../testing/custom-world.ts';
import { quietEngine, unprobedDrivers } from '../testing.ts';
import { CustomVolumes } from './custom-volumes.ts';

const made: string[] = [];
afterEach(async () => {
  for (const dir of made.splice(0)) await rm(dir, { recursive: true });
});

const named = (name: string, pool = 'one') => ({ pool, project: 'default', name });
const data = (source: string, pool = 'one') => ({ type: 'disk', path: '/data', pool, source });
const attached = (source: string): AttachedRow => ({ type: 'disk', device: 'data', options: data(source) });

/** A volume `v` that the instance `a` has by itself and `b` by the profile `p`. */
async function world() {
  const dir = await mkdtemp('/tmp/lxctl-users-');
  made.push(dir);
  const store = new MemoryStore();
  const storage = new PoolStorage({ engine: quietEngine(store), stateDir: dir, store, drivers: unprobedDrivers });
  for (const name of ['one', 'two']) await storage.pools.create({ name, driver: 'dir', description: '', config: {} });
  const failures: unknown[] = [];
  const engine = new OperationEngine({ store, report: ({ error }) => failures.push(error) });
  const lockOf = ({ name }: { name: string }) => `instance:${name}`;
  const now = () => new Date();
  const report = (_: string, cause: unknown) => failures.push(cause);
  const volumes = new CustomVolumes({ store, engine, places: storage.customPlaces, lockOf, now, report, ...archiveParts(dir) });
  await succeeded(await volumes.create({ ...named('v'), description: '', config: {} }));
  const { id } = await volumes.get(named('v'));
  await store.profiles.insert({ project: 'default', name: 'p', description: '', config: {}, devices: { data: data('v') } });
  const a = sampleInstance('a', { devices: { data: data('v'), host: { type: 'disk', path: '/h', source: '/v' } } });
  const b = sampleInstance('b', { profiles: ['p'] });
  for (const row of [a, b]) await store.instances.insert(row);
  return { dir, store, storage, engine, volumes, id, a, b, failures };
}

it('who has a volume as a device is named, and holds it', async () => {
  const { volumes, storage, store, id, a, failures } = await world();
  const users = ['/1.0/instances/a', '/1.0/profiles/p'];
  expect(await volumes.usedBy({ id })).toEqual(users);
  expect((await storage.volumes.usedBy('one'))(named('v'))).toEqual(users);
  expect((await storage.volumes.usedBy('two'))(named('v'))).toEqual([]);
  await expect(volumes.delete(named('v'))).rejects.toThrow('The storage volume is still in use');
  await store.instances.update(a.id, { devices: {}, attached: [attached('v')] });
  await store.profiles.update((await store.profiles.get('default', 'p'))?.id ?? '', { devices: {} });
  // Still mounted, whatever its devices say by now.
  await expect(volumes.delete(named('v'))).rejects.toThrow('The storage volume is still in use');
  await store.instances.update(a.id, { attached: [] });
  await succeeded(await volumes.delete(named('v')));
  expect(failures).toEqual([]);
});

it('a volume that is renamed or moved is so in the devices of all who have it', async () => {
  const { dir, volumes, store, a, id } = await world();
  const devices = async () => [
    (await store.instances.byId(a.id))?.devices.data,
    (await store.instances.byId(a.id))?.devices.host?.source,
    (await store.profiles.get('default', 'p'))?.devices.data,
  ];
  await succeeded(await volumes.rename(named('v'), 'w'));
  expect(await devices()).toEqual([data('w'), '/v', data('w')]);
  await succeeded(await volumes.move(named('w'), { pool: 'two', name: 'x' }));
  expect(await devices()).toEqual([data('x', 'two'), '/v', data('x', 'two')]);
  expect(await volumes.usedBy({ id })).toEqual(['/1.0/instances/a', '/1.0/profiles/p']);
  expect(await readdir(join(dir, 'storage-pools/one/volumes'))).toEqual([]);
});

it('neither is done while an instance runs with it, nor is the mapping of its ids changed', async () => {
  const { volumes, store, b } = await world();
  await store.instances.update(b.id, { attached: [attached('v')], power: 'running' });
  const running = 'Volume is still in use by running instances';
  await expect(volumes.rename(named('v'), 'w')).rejects.toThrow(running);
  await expect(volumes.move(named('v'), named('v', 'two'))).rejects.toThrow(running);
  await expect(volumes.update(named('v'), () => ({ config: { 'security.unmapped': 'true' } }))).rejects.toThrow('Cannot modify shifting');
  await volumes.update(named('v'), () => ({ config: { 'user.a': '1' } }));
  await succeeded(await volumes.copy({ ...named('c'), description: '', config: undefined }, named('v'), false));
});

it('nobody else acts on the instances meanwhile', async () => {
  const { volumes, engine } = await world();
  const free = new Deferred<void>();
  const waiting = defineOperation({ kind: 'instance.start', onCrash: 'resume', steps: [{ name: 'wait', do: () => free.promise }] });
  engine.register(waiting);
  const operation = await engine.start(waiting, {}, { project: 'default', locks: ['instance:b'] });
  await expect(volumes.rename(named('v'), 'w')).rejects.toThrow('busy running a "start" operation');
  free.resolve();
  await operation.done;
  await succeeded(await volumes.rename(named('v'), 'w'));
});

it('who came in between is left alone, and so is the volume', async () => {
  const { volumes, store, id } = await world();
  const { poolId } = await volumes.get(named('v'));
  const params = { id, poolId, pool: 'one', project: 'default', name: 'v', newName: 'w', users: [] };
  expect((await run(volumes.operations.rename, { store, params })).err).toMatch(/began to use it meanwhile/);
  expect((await store.instances.get('default', 'a'))?.devices.data).toEqual(data('v'));
  expect((await volumes.get(named('v'))).id).toBe(id);
});
