import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Profiles } from '#lib/profile';
import { profileRules } from '../profile-rules.ts';
import { removeWorlds, World } from '../testing/world.ts';
import { changeable } from './update.ts';

afterEach(removeWorlds);

let world: World;
beforeEach(async () => {
  world = await World.make();
});

const card = (options: Record<string, string> = {}) => ({ eth0: { type: 'nic', network: 'br', ...options } });

async function create(name: string, devices: Record<string, Record<string, string>>): Promise<string> {
  const request = {
    name,
    description: '',
    architecture: '',
    config: {},
    devices,
    profiles: null,
    ephemeral: false,
    type: '',
    start: false,
  };
  const begun = world.verbs.create.begin('default', { ...request, source: { type: 'image', alias: 'img' } });
  return begun.then(
    async (operation) => (await operation.done).err,
    (error: Error) => error.message,
  );
}

async function update(name: string, devices: Record<string, Record<string, string>>): Promise<string> {
  const row = await world.instances.reader.row('default', name);
  return (await (await world.verbs.update.begin(row, { ...changeable(row), devices })).done).err;
}

describe('network cards of two instances', () => {
  it.each([
    ['ipv4.address', '10.0.0.5', 'IP address'],
    ['hwaddr', '00:16:3E:00:00:0A', 'MAC address'],
    ['host_name', 'vmine', 'Host name'],
  ])('have not the same %s', async (option, value, what) => {
    const words = `Device validation failed for "eth0": ${what} "${value.toLowerCase()}" already defined on another NIC`;
    expect(await create('c1', card({ [option]: value }))).toBe('');
    expect(await create('c2', card({ [option]: value }))).toBe(words);
    await expect(world.instances.reader.row('default', 'c2')).rejects.toThrow('not found');
    expect(await create('c2', card())).toBe('');
    expect(await update('c2', card({ [option]: value }))).toBe(words);
    expect((await world.instances.reader.row('default', 'c2')).devices).toEqual(card());
    // What the first gives up is the second's.
    expect(await update('c1', card())).toBe('');
    expect(await update('c2', card({ [option]: value }))).toBe('');
  });

  it('get it when the other is deleted, whose lease is given back', async () => {
    expect(await create('c1', card({ 'ipv4.address': '10.0.0.5' }))).toBe('');
    const row = await world.instances.reader.row('default', 'c1');
    await (await world.verbs.delete.begin(row)).done;
    expect([...world.networks.released]).toEqual([row.volatile['volatile.eth0.hwaddr']]);
    expect(await create('c2', card({ 'ipv4.address': '10.0.0.5' }))).toBe('');
  });

  it('get a changed address of their profile at once, also while they run', async () => {
    const profiles = new Profiles(world.store, world.engine.events, profileRules(world.instances));
    const { row } = await world.running('c1');
    const change = { project: 'default', name: 'default', expect: () => {}, requestor: { username: '', protocol: 'unix', address: '' } };
    await profiles.merge(change, { devices: card({ 'ipv4.address': '10.0.0.5' }) });
    expect((await world.row(row.id)).attached).toMatchObject([{ device: 'eth0', ipv4: '10.0.0.5' }]);
    await profiles.merge(change, { devices: card({ mtu: '1400' }) });
    expect((await world.row(row.id)).attached).toMatchObject([{ device: 'eth0', ipv4: null, mtu: 1400 }]);
  });

  it('do not get it from a profile either', async () => {
    const profiles = new Profiles(world.store, world.engine.events, profileRules(world.instances));
    expect(await create('c1', card({ 'ipv4.address': '10.0.0.5' }))).toBe('');
    expect(await create('c2', {})).toBe('');
    const profile = await profiles.get('default', 'default');
    const change = { project: 'default', name: 'default', expect: () => {}, requestor: { username: '', protocol: 'unix', address: '' } };
    const taken = profiles.merge(change, { devices: card({ 'ipv4.address': '10.0.0.5' }) });
    await expect(taken).rejects.toThrow('IP address "10.0.0.5" already defined on another NIC');
    expect((await profiles.get('default', 'default')).devices).toEqual(profile.devices);
    await profiles.merge(change, { devices: card({ 'ipv4.address': '10.0.0.6' }) });
    expect(await create('c3', {})).toContain('IP address "10.0.0.6" already defined');
  });
});
