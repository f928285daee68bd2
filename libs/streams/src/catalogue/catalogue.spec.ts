import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FileServer } from '../testing/file-server.ts';
import { fingerprintOf, type Product, publishStreams } from '../testing/streams.ts';
import { openWeb } from '../web/undici-web.ts';
import type { Web } from '../web/web.ts';
import { loadCatalogue } from './load.ts';
import { imagesOf } from './products.ts';

let server: FileServer;
let web: Web;
beforeAll(async () => {
  server = await FileServer.start();
  web = await openWeb({ certificate: server.cert, proxies: { http: null, https: null, ignore: '*' } });
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => {
  server.files.clear();
  server.asked.length = 0;
});

const meta = Buffer.from('metadata');
const files = (root: string, xz?: string) => ({
  metadata: meta,
  squashfs: Buffer.from(root),
  ...(xz === undefined ? {} : { rootxz: Buffer.from(xz) }),
});
const of = (root: string) => fingerprintOf(meta, Buffer.from(root));
const noble: Product = {
  name: 'com.ubuntu.cloud:server:24.04:amd64',
  aliases: '24.04,n,noble,default,lts',
  os: 'ubuntu',
  versions: { '20240423': files('old'), '20240501.1': files('new', 'new.xz') },
  more: { version: '24.04', release_title: '24.04 LTS', support_eol: '2029-05-31', requirements: { secureboot: 'false' } },
};
const signal = new AbortController().signal;
const load = (known?: Awaited<ReturnType<typeof loadCatalogue>>) =>
  loadCatalogue({ web, server: new URL(`${server.url}/`), architecture: 'x86_64', signal }, known);

describe('a catalogue', () => {
  it('of the shape of cloud-images.ubuntu.com names the newest version by every alias', async () => {
    publishStreams(server, [noble, { ...noble, name: 'arm', arch: 'arm64', aliases: '24.04,noble' }], 'ubuntu');
    const { catalogue } = await load();
    for (const alias of ['24.04', 'lts', 'default', 'noble/amd64', '24.04/x86_64'])
      expect(catalogue.find(alias)?.image.fingerprint, alias).toBe(of('new'));
    expect(catalogue.find('noble/arm64')).toBe(null);
    expect(server.asked).toEqual(['streams/v1/index.json', 'streams/v1/com.ubuntu.cloud:released:download.json']);
  });

  it('tells of an image what LXD tells of it', async () => {
    publishStreams(server, [noble], 'ubuntu');
    const { catalogue } = await load();
    expect(catalogue.find('24.04')?.image).toMatchObject({
      architecture: 'x86_64',
      createdAt: new Date('2024-05-01T00:00:00Z'),
      expiresAt: new Date('2029-05-31T00:00:00Z'),
      properties: {
        os: 'ubuntu',
        release: 'noble',
        version: '24.04',
        architecture: 'amd64',
        serial: '20240501.1',
        type: 'squashfs',
        variant: 'default',
        description: 'ubuntu 24.04 LTS amd64 (20240501.1)',
        'requirements.secureboot': 'false',
      },
      files: [
        { path: 'images/com.ubuntu.cloud:server:24.04:amd64/20240501.1/lxd.tar.xz', size: 8 },
        { path: 'images/com.ubuntu.cloud:server:24.04:amd64/20240501.1/rootfs.squashfs', size: 3 },
      ],
    });
  });

  it('names any version and form by its fingerprint, and by what no other begins with', async () => {
    publishStreams(server, [noble]);
    const { catalogue } = await load();
    for (const root of ['old', 'new', 'new.xz']) {
      expect(catalogue.find(of(root))).toMatchObject({ image: { fingerprint: of(root) }, by: 'fingerprint' });
      expect(catalogue.find(of(root).slice(0, 12))?.image.fingerprint).toBe(of(root));
    }
    expect(catalogue.find('')).toBe(null);
  });

  it('says what may have been meant', async () => {
    const debian = (release: string) => ({ ...noble, name: release, aliases: `debian/${release},debian/${release}/default` });
    publishStreams(server, [debian('9'), debian('12'), debian('11'), noble]);
    const { catalogue } = await load();
    expect(catalogue.similar('debian/13')).toEqual(['debian/12', 'debian/11', 'debian/9']);
    expect(catalogue.similar('24.10')).toEqual(['24.04']);
    expect(catalogue.similar('plan9')).toEqual([]);
  });

  it('is not sent again while it has not changed', async () => {
    publishStreams(server, [noble]);
    const first = await load();
    const again = await load(first);
    expect(again.catalogue.find('lts')?.image.fingerprint).toBe(of('new'));
    publishStreams(server, [{ ...noble, versions: { ...noble.versions, '20240601': files('newer') } }]);
    expect((await load(again)).catalogue.find('lts')?.image.fingerprint).toBe(of('newer'));
  });

  it.each([
    ['what is not JSON', 'no', 'streams/v1/index.json is not JSON'],
    ['another document', { format: 'else' }, 'its index is none of simplestreams'],
  ])('refuses %s', async (_, index, text) => {
    server.put('streams/v1/index.json', index);
    await expect(load()).rejects.toThrow(text);
  });

  it('says that there is none', async () => {
    await expect(load()).rejects.toThrow('it answers 404 for streams/v1/index.json');
  });
});

describe('a document of products', () => {
  const product = (change: Record<string, unknown>, item: Record<string, unknown> = {}) => {
    const sha256 = 'a'.repeat(64);
    const items = {
      'lxd.tar.xz': { ftype: 'lxd.tar.xz', path: 'm', size: 1, sha256, combined_squashfs_sha256: 'b'.repeat(64), ...item },
      squashfs: { ftype: 'squashfs', path: 'r', size: 1, sha256 },
    };
    return { products: { p: { arch: 'amd64', aliases: 'a', versions: { '1': { items } }, ...change } } };
  };

  it('is read', () => {
    expect(imagesOf(product({})).map(({ aliases }) => aliases)).toEqual([['a']]);
  });

  it.each([
    ['a path that leads out', { path: '../../etc/passwd' }],
    ['a path of another server', { path: 'https://other/x' }],
    ['a path from the top', { path: '//other/x' }],
    ['a path with a query', { path: 'x?y' }],
    ['a size below zero', { size: -1 }],
    ['a size that is no number', { size: 'large' }],
    ['a hash that is none', { sha256: 'abc' }],
    ['no fingerprint', { combined_squashfs_sha256: undefined }],
    ['a fingerprint that is a path', { combined_squashfs_sha256: `../${'b'.repeat(61)}` }],
  ])('leaves out an image with %s', (_, item) => {
    expect(imagesOf(product({}, item))).toEqual([]);
  });

  it.each([
    [null],
    ['text'],
    [[]],
    [{ products: [] }],
    [{ products: { p: null } }],
    [product({ versions: 'no' })],
    [product({ arch: 'pdp11' })],
  ])('that is none, or has nothing for us, has no images', (document) => {
    expect(imagesOf(document)).toEqual([]);
  });

  it('takes no text that a terminal obeys, and no aliases of lists', () => {
    const [image] = imagesOf(product({ os: '\u001b[2J', aliases: ['a'], release: 'x' }));
    expect([image?.properties.os, image?.properties.release, image?.aliases]).toEqual([undefined, 'x', []]);
  });
});
