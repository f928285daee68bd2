import { beforeEach, describe, expect, it } from 'vitest';
import { Aliases } from './aliases.ts';
import { localImages } from './testing/archive-samples.ts';
import { MemoryStore } from '../../store/src/fake/index.ts';

const fingerprint = 'ab'.repeat(32);
let store: MemoryStore;
let aliases: Aliases;

beforeEach(async () => {
  store = new MemoryStore();
  aliases = localImages({ stateDir: '/nowhere', store }).aliases;
  const image = {
    project: 'default',
    filename: '',
    size: 1,
    public: false,
    autoUpdate: false,
    cached: false,
    architecture: 'x86_64',
    properties: {},
    profiles: [],
  };
  await store.images.insert({
    ...image,
    fingerprint,
    layout: 'unified',
    metadata: {},
    origin: null,
    expiresAt: null,
    createdAt: null,
    uploadedAt: new Date(),
    lastUsedAt: null,
  });
});

describe('aliases', () => {
  it('name an image by a prefix of its fingerprint', async () => {
    await aliases.create('default', 'debian/12', { target: fingerprint.slice(0, 12), description: 'd' });
    expect(await aliases.get('default', 'debian/12')).toEqual({ project: 'default', name: 'debian/12', description: 'd', fingerprint });
  });

  it.each([
    ['', fingerprint, 'name and target are required'],
    ['a\nb', fingerprint, 'Invalid alias name'],
    ['a', '', 'name and target are required'],
    ['a', 'ffff', 'Image not found'],
    ['a', '../x', 'Image not found'],
  ])('refuse %j for %j', async (name, target, text) => {
    await expect(aliases.create('default', name, { target })).rejects.toThrow(text);
  });

  it('are unique', async () => {
    await aliases.create('default', 'a', { target: fingerprint });
    await aliases.create('default', 'b', { target: fingerprint });
    await expect(aliases.create('default', 'a', { target: fingerprint })).rejects.toMatchObject({
      status: 409,
      message: 'Alias "a" already exists',
    });
    await expect(aliases.rename('default', 'a', 'b')).rejects.toMatchObject({ status: 409 });
    await expect(aliases.rename('default', 'a', 'a')).rejects.toThrow('Alias "a" already exists');
    await expect(aliases.rename('default', 'a', '')).rejects.toThrow('No name provided');
    await aliases.rename('default', 'a', 'c');
    expect((await aliases.list('default')).map((row) => row.name)).toEqual(['b', 'c']);
  });

  it('are unique also when they are asked for at once, and may hold spaces', async () => {
    const asked = await Promise.allSettled([1, 2, 3].map(() => aliases.create('default', 'my own', { target: fingerprint })));
    const refused = asked.flatMap((each) => (each.status === 'rejected' ? [(each.reason as Error).message] : []));
    expect(refused).toEqual(['Alias "my own" already exists', 'Alias "my own" already exists']);
  });

  it('are changed in part', async () => {
    await aliases.create('default', 'a', { target: fingerprint, description: 'x' });
    await aliases.update('default', 'a', { description: 'y' });
    expect(await aliases.get('default', 'a')).toMatchObject({ description: 'y', fingerprint });
  });

  it('that are not there are named so', async () => {
    for (const attempt of [
      aliases.get('default', 'x'),
      aliases.update('default', 'x', {}),
      aliases.rename('default', 'x', 'y'),
      aliases.delete('default', 'x'),
    ]) {
      await expect(attempt).rejects.toThrow('Image alias not found');
    }
  });
});
