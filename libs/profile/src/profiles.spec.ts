import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { EventHub } from '#lib/engine';
import type { InstanceRow } from '#lib/store';
import { MemoryStore } from '../../store/src/fake/index.ts';
import { type ProfileChange, type ProfileRules, Profiles } from './profiles.ts';

const requestor = { username: '', protocol: 'unix', address: '' };
const nothing = { description: '', config: {}, devices: {} };
const events = { lifecycle: () => {} } as unknown as EventHub;
const free: ProfileRules = { problems: async () => [], userProblems: () => [], written: async () => {}, apply: async () => {} };

const instance = (name: string, profiles: string[]): InstanceRow => ({
  id: randomUUID(),
  project: 'default',
  name,
  architecture: '',
  ephemeral: false,
  volatile: {},
  profiles,
  power: 'running',
  createdAt: new Date(),
  lastUsedAt: null,
  idBase: null,
  idCount: null,
  attached: [],
  ...nothing,
});

const change = (name: string): ProfileChange => ({ project: 'default', name, expect: () => {}, requestor });

async function profilesOf(rules: Partial<ProfileRules> = {}) {
  const store = new MemoryStore();
  const profiles = new Profiles(store, events, { ...free, ...rules });
  await profiles.create('default', { name: 'p', ...nothing, config: { 'user.a': '1' } }, requestor);
  return { store, profiles };
}

describe('the name of a profile', () => {
  it.each(['a b', ' a', 'a,b', 'a:b', 'a?b', 'é', '-a', 'a%20b'])('may be %j', async (name) => {
    const { profiles } = await profilesOf();
    await profiles.create('default', { name, ...nothing }, requestor);
    expect((await profiles.get('default', name)).name).toBe(name);
  });

  it.each([
    ['', 'No name provided'],
    ['a/b', 'Profile names may not contain slashes'],
    ['.', 'Invalid profile name "."'],
    ['..', 'Invalid profile name ".."'],
    ['a\nb', 'Invalid profile name "a\\nb"'],
    ['p', 'The profile "p" already exists'],
  ])('may not be %j', async (name, problem) => {
    const { profiles } = await profilesOf();
    await expect(profiles.create('default', { name, ...nothing }, requestor)).rejects.toThrow(problem);
  });
});

describe('a change of a profile', () => {
  it('is refused while a user of it would have a problem', async () => {
    const { store, profiles } = await profilesOf({ userProblems: ({ row, after }) => [`${row.name} ${after.config['user.a']}`] });
    await store.instances.insert(instance('i', ['p']));
    await expect(profiles.merge(change('p'), { config: { 'user.a': '2' } })).rejects.toThrow('Instance "i": i 2');
    expect((await profiles.get('default', 'p')).config).toEqual({ 'user.a': '1' });
  });

  it('that a running instance refuses is kept, and the error names each instance and why', async () => {
    const refusing = async ({ name }: InstanceRow) => {
      if (name !== 'b') throw new Error(`EBUSY of ${name}`);
    };
    const { store, profiles } = await profilesOf({ apply: refusing });
    for (const name of ['a', 'b', 'c']) await store.instances.insert(instance(name, ['p']));
    await expect(profiles.replace(change('p'), { ...nothing, config: { 'limits.memory': '1' } })).rejects.toThrow(
      [
        'The following instances failed to update (profile change still saved):',
        ' - Project: default, Instance: a: EBUSY of a',
        ' - Project: default, Instance: c: EBUSY of c',
      ].join('\n'),
    );
    expect((await profiles.get('default', 'p')).config).toEqual({ 'limits.memory': '1' });
  });

  it('of its name is seen by its users, and its delete is refused to the last', async () => {
    const { store, profiles } = await profilesOf();
    const row = instance('i', ['p']);
    await store.instances.insert(row);
    await profiles.rename('default', 'p', 'q', requestor);
    expect((await store.instances.byId(row.id))?.profiles).toEqual(['q']);
    await expect(profiles.delete('default', 'q', requestor)).rejects.toThrow('Profile is currently in use');
    await store.instances.delete(row.id);
    await profiles.delete('default', 'q', requestor);
  });
});
