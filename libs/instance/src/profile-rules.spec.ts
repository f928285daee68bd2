import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Profiles } from '#lib/profile';
import { profileRules } from './profile-rules.ts';
import { removeWorlds, World } from './testing/world.ts';

const requestor = { username: '', protocol: 'unix', address: '' };
const nothing = { description: '', config: {}, devices: {} };
const root = (pool: string) => ({ type: 'disk', path: '/', pool });

let world: World;
let profiles: Profiles;
beforeEach(async () => {
  world = await World.make();
  profiles = new Profiles(world.store, world.engine.events, profileRules(world.instances));
});
afterEach(removeWorlds);

const replace = (name: string, devices: Record<string, Record<string, string>>) =>
  profiles.replace({ project: 'default', name, expect: () => {}, requestor }, { ...nothing, devices });

describe("a profile's root disk", () => {
  beforeEach(async () => {
    await world.store.pools.insert({ name: 'other', driver: 'dir', description: '', config: {} });
    await world.instance('i');
  });

  it.each([
    ['removed', {}],
    ['moved to another pool', { root: root('other') }],
  ])('cannot be %s while an instance relies on it', async (_, devices) => {
    await expect(replace('default', devices)).rejects.toThrow("At least one instance relies on this profile's root disk device");
  });

  it('cannot be in a pool that does not exist', async () => {
    await expect(replace('default', { root: root('nope') })).rejects.toThrow('Failed to load storage pool "nope": Storage pool not found');
    const created = profiles.create('default', { name: 'p', ...nothing, devices: { root: root('nope') } }, requestor);
    await expect(created).rejects.toThrow('Storage pool not found');
  });

  it('may get another name, and go where the instance has its own', async () => {
    await replace('default', { disk: root('default') });
    const row = await world.store.instances.get('default', 'i');
    await world.store.instances.update(row?.id ?? '', { devices: { own: root('default'), disk: { type: 'none' } } });
    await replace('default', {});
  });

  it('is only one', async () => {
    await expect(replace('default', { root: root('default'), more: root('default') })).rejects.toThrow(
      'Device validation failed for "more": More than one disk device uses the same path "/"',
    );
  });

  it('cannot come a second time to an instance that has one of another profile', async () => {
    await profiles.create('default', { name: 'p', ...nothing }, requestor);
    const row = await world.store.instances.get('default', 'i');
    await world.store.instances.update(row?.id ?? '', { profiles: ['default', 'p'] });
    await expect(replace('p', { second: root('default') })).rejects.toThrow('Instance "i": Failed detecting root disk device');
  });
});

it('a nic of a profile is in a network that exists', async () => {
  await expect(replace('default', { root: root('default'), eth5: { type: 'nic', network: 'nope' } })).rejects.toThrow(
    'Device validation failed for "eth5": Failed loading device "eth5": Failed to load network "nope" for project "default": Network not found',
  );
});

it('a limit that the host refuses to a running instance is told, and the profile keeps it', async () => {
  const { row } = await world.running('i');
  world.cgroups.apply = async () => Promise.reject(new Error('EBUSY: limits.memory'));
  const change = { project: 'default', name: 'default', expect: () => {}, requestor };
  await expect(profiles.merge(change, { config: { 'limits.memory': '64MiB' } })).rejects.toThrow('Instance: i: EBUSY: limits.memory');
  expect((await world.store.profiles.get('default', 'default'))?.config).toEqual({ 'limits.memory': '64MiB' });
  expect(world.supervision.get(row.id)).not.toBeNull();
});
