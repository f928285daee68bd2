import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LxError, readCompression } from '#lib/contract';
import { lackOfRoot, titled } from '../../../../host/src/testing/needs.ts';
import { MemoryStore } from '../../../../store/src/fake/index.ts';
import { localImages } from '../../testing/archive-samples.ts';
import type { WantedImage } from '../../images.ts';
import type { InstanceTree, TreeOwner } from '../../instance-trees.ts';
import type { LocalImages } from '../../local-images.ts';

const owner: TreeOwner = { project: 'default', instance: 'c1', id: 'i1', root: 'i1' };
const metadata = { architecture: 'x86_64', creation_date: 1, expiry_date: 7, properties: { os: 'Test' }, templates: {} };
const wanted: WantedImage = {
  filename: '',
  public: false,
  properties: null,
  profiles: ['default'],
  expiresAt: null,
  aliases: [],
  compression: null,
  autoUpdate: false,
};
const asked = { type: 'instance', name: 'c1', alias: '', fingerprint: '', server: '', protocol: '', certificate: '', secret: '' };

let place = '';
let images: LocalImages;
let tree: InstanceTree;
const trees = {
  find: async (_project: string, instance: string, snapshot: string | null): Promise<TreeOwner> => {
    if (instance !== 'c1') throw new LxError('instance.not_found');
    return { ...owner, root: snapshot ?? owner.root };
  },
  hold: () => Promise.reject(new Error('not here')),
  read: <T>(_owner: TreeOwner, use: (tree: InstanceTree) => Promise<T>) => use(tree),
};

beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-publish-');
  images = localImages({ stateDir: place, store: new MemoryStore(), instances: () => trees });
  await images.prepare();
  await mkdir(join(place, 'root/etc'), { recursive: true });
  await writeFile(join(place, 'root/etc/motd'), 'welcome');
  tree = { directory: join(place, 'root'), metadata, templates: [{ name: 'hosts.tpl', content: 'x' }] };
});
afterEach(() => rm(place, { recursive: true, force: true }));

const fetching = (signal = new AbortController().signal) => ({ progress: () => {}, signal });
const order = (change: Partial<WantedImage> = {}, name = 'c1', type = 'instance') =>
  images.sources.instance.order('default', { ...asked, type, name }, { ...wanted, ...change });
const left = async () => [...(await readdir(join(place, 'images'))), ...(await readdir(join(place, 'images/incoming')))].sort();

/** What is unpacked has owners. */
const why = lackOfRoot('tar');

it.skipIf(why !== '')(titled('makes an image that unpacks to what the instance was', why), async () => {
  const row = await images.sources.instance.fetch('default', await order(), fetching());
  expect(row).toMatchObject({ layout: 'unified', architecture: 'x86_64', properties: { os: 'Test' }, expiresAt: null, filename: '' });
  expect(row.createdAt).toEqual(row.uploadedAt);
  await mkdir(join(place, 'out'));
  await images.unpack(row, join(place, 'out'));
  expect(await readFile(join(place, 'out/rootfs/etc/motd'), 'utf8')).toBe('welcome');
  expect(await readFile(join(place, 'out/templates/hosts.tpl'), 'utf8')).toBe('x');
});

it('makes it as the client wants it', async () => {
  const wish = {
    filename: 'mine',
    public: true,
    properties: { only: 'this' },
    expiresAt: new Date('2031-01-02T03:04:05Z'),
    aliases: [{ name: 'a/b', description: 'd' }],
    compression: readCompression('zstd -1'),
  };
  const reference = await order(wish, 'c1/s1', 'snapshot');
  expect(reference.owner.root).toBe('s1');
  const row = await images.sources.instance.fetch('default', reference, fetching());
  expect(row).toMatchObject({ filename: 'mine', public: true, properties: { only: 'this' }, expiresAt: wish.expiresAt });
  expect((await images.resolve('default', { alias: 'a/b' })).fingerprint).toBe(row.fingerprint);
  expect((await readFile(images.files.image(row.fingerprint))).toString('hex', 0, 4)).toBe('28b52ffd');
});

it.each([
  ['', 'instance', 'No source provided'],
  ['c1', 'snapshot', 'Not a snapshot'],
  ['c1/s1', 'instance', 'This is a snapshot'],
  ['c1/s1', 'container', 'This is a snapshot'],
  ['c2', 'instance', 'Instance not found'],
])('refuses %j as %s', async (name, type, text) => {
  await expect(order({}, name, type)).rejects.toThrow(text);
});

it('refuses an alias that is taken, before anything is packed', async () => {
  const aliases = [{ name: 'taken', description: '' }];
  await images.sources.instance.fetch('default', await order({ aliases }), fetching());
  await expect(order({ aliases })).rejects.toMatchObject({ code: 'alias.exists' });
});

it('leaves nothing of one that failed, was cancelled, or is taken back', async () => {
  const { instance } = images.sources;
  tree = { ...tree, directory: join(place, 'nowhere') };
  await expect(instance.fetch('default', await order(), fetching())).rejects.toThrow();
  tree = { ...tree, directory: join(place, 'root') };
  await expect(instance.fetch('default', await order(), fetching(AbortSignal.abort()))).rejects.toMatchObject({ code: 'image.cancelled' });
  expect(await left()).toEqual(['incoming', 'trees']);
  const [first, second] = [await order(), await order()];
  const kept = await instance.fetch('default', first, fetching());
  await instance.takeBack('default', second);
  expect(await images.list('default')).toEqual([kept]);
  await instance.takeBack('default', first);
  expect(await images.list('default')).toEqual([]);
  expect(await left()).toEqual(['incoming', 'trees']);
});

it('files without a row are gone after the next start, those with one stay', async () => {
  const row = await images.sources.instance.fetch('default', await order(), fetching());
  await writeFile(images.files.image('ab'.repeat(32)), 'stray');
  await images.prepare();
  expect(await left()).toEqual([row.fingerprint, 'incoming', 'trees'].sort());
});
