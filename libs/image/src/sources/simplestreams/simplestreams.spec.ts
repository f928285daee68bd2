import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryStore } from '../../../../store/src/fake/index.ts';
import { breakAfter, FileServer, fingerprintOf, type Product, publishStreams } from '../../../../streams/src/testing.ts';
import { goodMetadata, writeSample } from '../../../../archive/src/testing/samples.ts';
import { localImages } from '../../testing/archive-samples.ts';
import type { WantedImage } from '../../images.ts';
import type { LocalImages } from '../../local-images.ts';
import type { AskedImage } from '../source.ts';
import type { StreamReference } from './reference.ts';

let server: FileServer;
let place = '';
let metadata: Buffer;
/** Two root file systems, the second one newer. */
let roots: [Buffer, Buffer];
let store: MemoryStore;
let images: LocalImages;
const path = 'images/ubuntu/20240423/rootfs.tar.xz';

beforeAll(async () => {
  server = await FileServer.start();
  place = await mkdtemp('/tmp/lxctl-streams-');
  const file = join(place, 'sample');
  const made = async (name: string, content: string) => {
    await writeSample(file, [[{ name }, content]]);
    return readFile(file);
  };
  metadata = await made('metadata.yaml', goodMetadata);
  roots = [await made('motd', 'old '.repeat(20_000)), await made('motd', 'new')];
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(place, { recursive: true, force: true });
});

const versions = (...rootxz: Buffer[]) => Object.fromEntries(rootxz.map((root, i) => [`2024042${3 + i}`, { metadata, rootxz: root }]));
const ubuntu = (...rootxz: Buffer[]): Product => ({ name: 'ubuntu', aliases: 'lts,24.04', versions: versions(...rootxz) });
const of = (root: Buffer) => fingerprintOf(metadata, root);

beforeEach(async () => {
  server.files.clear();
  server.instead.clear();
  server.asked.length = 0;
  publishStreams(server, [ubuntu(roots[0])]);
  store = new MemoryStore();
  images = localImages({ stateDir: await mkdtemp(join(place, 'state-')), store });
  await images.prepare();
});

const asked = (change: Partial<AskedImage> = {}): AskedImage => {
  const named = { type: 'image', name: '', alias: 'lts', fingerprint: '', secret: '' };
  return { ...named, server: server.url, protocol: 'simplestreams', certificate: server.cert, ...change };
};
const wanted = (change: Partial<WantedImage> = {}): WantedImage => {
  const flags = { public: false, autoUpdate: false, properties: null, expiresAt: null, compression: null };
  return { filename: '', profiles: ['default'], aliases: [], ...flags, ...change };
};
const source = () => images.sources.simplestreams;
const fetching = (progress: (text: string) => void = () => {}, signal = new AbortController().signal) => ({ progress, signal });
const fetched = (change: Partial<AskedImage> = {}) => source().fetch('default', source().parse(asked(change)), fetching());
const ordered = async (change: Partial<WantedImage>) =>
  source().fetch('default', await source().order('default', asked(), wanted(change)), fetching());
const left = async () => [...(await readdir(images.files.directory)), ...(await readdir(join(images.files.directory, 'incoming')))].sort();
const nothing = ['incoming', 'trees'];

describe('an image for an instance', () => {
  it('is brought, checked, and kept for a while', async () => {
    const texts: string[] = [];
    const row = await source().fetch(
      'default',
      source().parse(asked()),
      fetching((text) => texts.push(text)),
    );
    expect(row).toMatchObject({
      fingerprint: of(roots[0]),
      cached: true,
      autoUpdate: true,
      public: false,
      layout: 'split',
      filename: 'lxd.tar.xz',
    });
    expect(row.properties).toMatchObject({ os: 'Ubuntu', serial: '20240423', type: 'tar.xz' });
    expect(row.origin).toEqual({ protocol: 'simplestreams', server: `${server.url}/`, certificate: server.cert, alias: 'lts' });
    expect([texts[0], texts.at(-1)]).toEqual([
      expect.stringMatching(/^metadata: 100% /),
      expect.stringMatching(/^rootfs: 100% \(\d+\.\d\dMB\/s\)$/),
    ]);
    expect(await left()).toEqual([of(roots[0]), `${of(roots[0])}.rootfs`, ...nothing].sort());
  });

  it('is found without asking the server again, by the name that it came by', async () => {
    expect(await source().find('default', source().parse(asked()))).toBe(null);
    await fetched();
    server.asked.length = 0;
    expect((await source().find('default', source().parse(asked())))?.fingerprint).toBe(of(roots[0]));
    expect(await source().find('default', source().parse(asked({ alias: '24.04' })))).toBe(null);
    expect(server.asked).toEqual([]);
    await store.config.set({ 'images.auto_update_interval': '0' });
    expect(await source().find('default', source().parse(asked()))).toBe(null);
  });

  it('that is here by another name is not brought again', async () => {
    await fetched();
    server.asked.length = 0;
    expect((await fetched({ alias: '24.04' })).fingerprint).toBe(of(roots[0]));
    expect((await fetched({ alias: '', fingerprint: of(roots[0]).slice(0, 20) })).fingerprint).toBe(of(roots[0]));
    expect(new Set(server.asked)).toEqual(new Set(['streams/v1/index.json', 'streams/v1/images.json']));
  });

  it('is brought once for all who come at the same time', async () => {
    const rows = await Promise.all([fetched(), fetched(), fetched({ alias: '24.04' })]);
    expect(new Set(rows.map((row) => row.fingerprint))).toEqual(new Set([of(roots[0])]));
    expect(server.asked.filter((one) => one === path)).toHaveLength(1);
  });

  it('goes on where the server stopped', async () => {
    server.answer(path, breakAfter(roots[0], 50));
    await fetched();
    expect(await left()).toContain(of(roots[0]));
  });
});

describe('an image that is ordered', () => {
  it('is what was ordered', async () => {
    const row = await ordered({
      public: true,
      autoUpdate: true,
      aliases: [{ name: 'mine', description: 'd' }],
      properties: { color: 'red' },
    });
    expect(row).toMatchObject({ cached: false, autoUpdate: true, public: true, properties: { color: 'red' }, origin: { alias: 'lts' } });
    expect(await store.images.alias('default', 'mine')).toMatchObject({ fingerprint: of(roots[0]), description: 'd' });
  });

  it('that came for an instance is kept from now on', async () => {
    await fetched();
    expect(await ordered({ aliases: [{ name: 'mine', description: '' }] })).toMatchObject({ cached: false, autoUpdate: true });
    expect(await fetched()).toMatchObject({ cached: false });
  });

  it('may have a name that it has from an order that was cut short, and none of others', async () => {
    await ordered({ aliases: [{ name: 'mine', description: '' }], autoUpdate: true });
    expect(await ordered({ aliases: [{ name: 'mine', description: '' }] })).toMatchObject({ fingerprint: of(roots[0]) });
    publishStreams(server, [{ ...ubuntu(roots[1]), aliases: 'other' }]);
    const other = source().order('default', asked({ alias: 'other' }), wanted({ aliases: [{ name: 'mine', description: '' }] }));
    await expect(other).rejects.toMatchObject({ code: 'alias.exists' });
  });

  it('cannot be compressed anew', async () => {
    await expect(ordered({ compression: { program: 'gzip', level: null } })).rejects.toMatchObject({ code: 'request.unsupported' });
  });
});

describe('the newest of an image', () => {
  const newest = (row: Parameters<LocalImages['newest']>[0]) => images.newest(row, fetching());

  it('is asked for at once, and is as the older one was', async () => {
    const old = await ordered({ autoUpdate: true, public: true, profiles: ['web'] });
    expect((await newest(old)).fingerprint).toBe(old.fingerprint);
    publishStreams(server, [ubuntu(...roots)]);
    expect(await newest(old)).toMatchObject({
      fingerprint: of(roots[1]),
      autoUpdate: true,
      public: true,
      cached: false,
      profiles: ['web'],
      origin: old.origin,
    });
  });

  it('is none of what came from nowhere', async () => {
    const row = await fetched({ alias: '', fingerprint: of(roots[0]) });
    expect(row).toMatchObject({ origin: null, autoUpdate: false });
    await expect(newest(row)).rejects.toMatchObject({ code: 'image.no_origin' });
  });
});

describe('a fetch that fails leaves nothing', () => {
  const fails = async (reference: StreamReference, signal?: AbortSignal) => {
    const error = await source()
      .fetch('default', reference, fetching(undefined, signal))
      .then(
        () => null,
        (caught: { code: string; message: string }) => caught,
      );
    expect(await left()).toEqual(nothing);
    expect(await images.list('default')).toEqual([]);
    return error;
  };

  it('where there is no such image', async () => {
    const error = await fails(source().parse(asked({ alias: '24.10' })));
    expect(error?.message).toBe(`The image server ${new URL(server.url).host} has no image "24.10" for x86_64; it has 24.04`);
  });

  it('where the bytes are others', async () => {
    server.put(path, Buffer.alloc(roots[0].length));
    expect((await fails(source().parse(asked())))?.message).toContain('its SHA-256 is not the one that the index of the server names');
  });

  it('where the fingerprint is another', async () => {
    const document = JSON.parse(String(server.files.get('streams/v1/images.json'))) as {
      products: { ubuntu: { versions: Record<string, { items: Record<string, Record<string, string>> }> } };
    };
    const item = document.products.ubuntu.versions['20240423']?.items['lxd.tar.xz'] ?? {};
    item.combined_rootxz_sha256 = 'f'.repeat(64);
    server.put('streams/v1/images.json', document);
    expect((await fails(source().parse(asked())))?.code).toBe('image.bad_fingerprint');
  });

  it('where the archive is none', async () => {
    publishStreams(server, [ubuntu(Buffer.from('no archive'))]);
    expect((await fails(source().parse(asked())))?.code).toBe('image.invalid');
  });

  it('where it is cancelled', async () => {
    const controller = new AbortController();
    server.answer(path, (_, response) => {
      response.writeHead(200, { 'content-length': roots[0].length });
      response.write('x', () => controller.abort());
    });
    expect((await fails(source().parse(asked()), controller.signal))?.code).toBe('image.cancelled');
  });

  it('where the server is gone', async () => {
    const gone = asked({ server: 'https://127.0.0.1:1' });
    expect((await fails(source().parse(gone)))?.message).toBe('Cannot reach the server 127.0.0.1:1: it refuses the connection');
  });
});

it.each([
  [{ server: 'http://images.example' }, 'Only https URLs are supported for simplestreams'],
  [{ server: '' }, '"" is no URL of a server'],
  [{ server: 'https://user:word@images.example' }, 'has no user and password'],
  [{ alias: '', fingerprint: '' }, 'Must specify one of alias or fingerprint'],
  [{ secret: 'x' }, 'Servers of simplestreams know no secrets'],
])('refuses %o', (change, text) => {
  expect(() => source().parse(asked(change))).toThrow(text);
});
