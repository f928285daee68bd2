import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LxctlClient, UnixTransport } from '#lib/client';
import { TestDaemon } from './harness/daemon.ts';

/** What two clients ask at the same time, on a real database: exactly one is told yes, and what is left can be used. */

let daemon: TestDaemon;
let other: LxctlClient;
beforeAll(async () => {
  daemon = await TestDaemon.start();
  other = new LxctlClient(new UnixTransport(daemon.socket));
});
afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

const root = { root: { type: 'disk', path: '/', pool: 'default' } };
const nothing = { description: '', config: {}, devices: {} };

const create = (name: string, body: Record<string, unknown>) =>
  daemon.done(daemon.client.instances.create({ name, source: { type: 'none' }, ...body }));

/** Who won: 'create', 'delete', or what must not be. */
async function race(creating: Promise<unknown>, deleting: Promise<unknown>): Promise<string> {
  const [created, deleted] = await Promise.allSettled([creating, deleting]);
  for (const each of [created, deleted])
    if (each.status === 'rejected') expect(String(each.reason)).not.toMatch(/violates|uniqueness|internal/i);
  if (created.status === deleted.status) return `both ${created.status}: ${[created, deleted].map((each) => JSON.stringify(each)).join()}`;
  return created.status === 'fulfilled' ? 'create' : 'delete';
}

describe('an instance is created while somebody deletes', () => {
  it('its profile', async () => {
    for (let n = 0; n < 60; n++) {
      const name = `race-p${n}`;
      await daemon.client.profiles.create({ name, ...nothing });
      const winner = await race(create(name, { profiles: ['default', name] }), other.api.send('DELETE', `/1.0/profiles/${name}`));
      expect(['create', 'delete']).toContain(winner);
      if (winner === 'create') {
        await daemon.remove(name);
        await other.api.send('DELETE', `/1.0/profiles/${name}`);
      }
    }
  });

  it('its network', async () => {
    for (let n = 0; n < 40; n++) {
      // Names of links are the whole machine's.
      const name = `rc${process.pid}x${n}`;
      await daemon.client.api.send('POST', '/1.0/networks', { name, config: { 'ipv4.address': 'none', 'ipv6.address': 'none' } });
      const devices = { ...root, eth7: { type: 'nic', network: name } };
      const winner = await race(create(name, { devices, profiles: [] }), other.api.send('DELETE', `/1.0/networks/${name}`));
      expect(['create', 'delete']).toContain(winner);
      if (winner === 'create') {
        expect((await daemon.client.api.get<{ status: string }>(`/1.0/networks/${name}`)).status).toBe('Created');
        await daemon.remove(name);
        await other.api.send('DELETE', `/1.0/networks/${name}`);
      }
    }
  });

  it('its pool', async () => {
    for (let n = 0; n < 40; n++) {
      const name = `race-s${n}`;
      await daemon.client.api.send('POST', '/1.0/storage-pools', { name, driver: 'dir' });
      const devices = { root: { type: 'disk', path: '/', pool: name } };
      const winner = await race(create(name, { devices, profiles: [] }), other.api.send('DELETE', `/1.0/storage-pools/${name}`));
      expect(['create', 'delete']).toContain(winner);
      if (winner === 'create') {
        await daemon.remove(name);
        await other.api.send('DELETE', `/1.0/storage-pools/${name}`);
      }
    }
  });
});

describe('60 changes from each of two clients', () => {
  it.each([
    ['/1.0/profiles/default', 'config'],
    ['/1.0/storage-pools/default', 'config'],
    ['/1.0', 'config'],
  ])('of %s are all there in the end', async (path, field) => {
    const patch = (client: LxctlClient, key: string) => client.api.send('PATCH', path, { [field]: { [`user.${key}`]: '1' } });
    await Promise.all(Array.from({ length: 60 }, (_, n) => [patch(daemon.client, `a${n}`), patch(other, `b${n}`)]).flat());
    const { [field]: map } = await daemon.client.api.get<Record<string, object>>(path);
    expect(Object.keys(map ?? {}).filter((key) => key.startsWith('user.'))).toHaveLength(120);
  });
});
