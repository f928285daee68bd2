import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OperationEngine } from '#lib/engine';
import { resumesFromEveryStep, run, stepsAreIdempotent } from '../../../engine/src/testing.ts';
import { MemoryStore } from '../../../store/src/fake/index.ts';
import type { ImageRow } from '#lib/store';
import type { LocalImages } from '../local-images.ts';
import { type ImageOperations, imageOperations } from '../operations.ts';
import { localImages } from '../testing/archive-samples.ts';
import { imageSweeps } from './sweeps.ts';

const origin = { protocol: 'simplestreams', server: 'https://images.example/', certificate: '', alias: 'lts' } as const;
const [old, fresh] = ['a'.repeat(64), 'b'.repeat(64)] as [string, string];
const day = 86_400_000;

const row = (fingerprint: string, change: Partial<ImageRow> = {}): ImageRow => ({
  fingerprint,
  project: 'default',
  filename: 'f',
  size: 1,
  public: false,
  autoUpdate: true,
  cached: true,
  architecture: 'x86_64',
  properties: {},
  profiles: ['default'],
  layout: 'unified',
  metadata: {},
  origin,
  expiresAt: null,
  createdAt: null,
  uploadedAt: new Date('2026-01-01T00:00:00Z'),
  lastUsedAt: null,
  ...change,
});

interface World {
  store: MemoryStore;
  images: LocalImages;
  operations: ImageOperations;
  dropped: string[];
  params: { project: string; fingerprint: string };
}

let places: string[];
/** The server's newest; null: it is away. */
let newest: string | null;
let asked: string[];
beforeEach(() => {
  places = [];
  asked = [];
  newest = fresh;
});
afterEach(() => Promise.all(places.map((place) => rm(place, { recursive: true }))));

/** An image with two names and its file, whose server is a fake that has `newest`. */
async function made(change: Partial<ImageRow> = {}): Promise<World> {
  const place = await mkdtemp('/tmp/lxctl-updates-');
  places.push(place);
  const store = new MemoryStore();
  const images = localImages({ stateDir: place, store });
  await images.prepare();
  images.sources.simplestreams.newest = async (_project, of) => {
    asked.push(of.fingerprint);
    if (newest === null) throw new Error('it is away');
    if ((await images.get('default', newest)) === null) await put(images, store, row(newest));
    return (await images.get('default', newest)) ?? of;
  };
  await put(images, store, row(old, change));
  for (const name of ['one', 'two']) await store.images.insertAlias({ project: 'default', name, description: name, fingerprint: old });
  const dropped: string[] = [];
  const trees = { drop: async (fingerprint: string) => void dropped.push(fingerprint) };
  const operations = imageOperations(images, trees, new OperationEngine({ store, report: () => {} }).events);
  return { store, images, operations, dropped, params: { project: 'default', fingerprint: old } };
}

async function put(images: LocalImages, store: MemoryStore, of: ImageRow): Promise<void> {
  await mkdir(images.files.directory, { recursive: true });
  await writeFile(images.files.image(of.fingerprint), 'x');
  await store.images.insert(of);
}

async function replaced({ store, images, dropped }: World): Promise<void> {
  expect((await images.list('default')).map(({ fingerprint }) => fingerprint)).toEqual([fresh]);
  expect((await store.images.aliases('default')).map(({ name, fingerprint }) => [name, fingerprint])).toEqual([
    ['one', fresh],
    ['two', fresh],
  ]);
  expect((await readdir(images.files.directory)).sort()).toEqual([fresh, 'incoming', 'trees']);
  expect(new Set(dropped)).toEqual(new Set([old]));
}

describe('an image that is refreshed', () => {
  it('makes way for the newer one, with its names', async () => {
    const world = await made();
    expect(await run(world.operations.refresh, world)).toMatchObject({ status_code: 200, metadata: { refreshed: true } });
    await replaced(world);
  });

  it('stays where there is no newer one', async () => {
    newest = old;
    const world = await made();
    expect(await run(world.operations.refresh, world)).toMatchObject({ status_code: 200, metadata: { refreshed: false } });
    expect((await world.store.images.aliases('default')).map(({ fingerprint }) => fingerprint)).toEqual([old, old]);
    expect([await world.images.get('default', old), world.dropped]).toEqual([expect.objectContaining({ fingerprint: old }), []]);
  });

  it('stays where the server is away', async () => {
    newest = null;
    const world = await made();
    expect(await run(world.operations.refresh, world)).toMatchObject({ status_code: 400, err: 'it is away' });
    expect(await world.images.get('default', old)).not.toBe(null);
  });

  it('is refreshed whenever the daemon dies', async () => {
    await resumesFromEveryStep((world: World) => world.operations.refresh, made, replaced);
    await stepsAreIdempotent((world: World) => world.operations.refresh, made, replaced);
  });
});

describe('unasked', () => {
  const sweeping = async (world: World, at: () => Date) => {
    const reports: string[] = [];
    const report = (message: string, cause: unknown) => void reports.push(`${message}: ${(cause as Error).message}`);
    const engine = new OperationEngine({ store: world.store, report: () => {} });
    for (const operation of [world.operations.refresh, world.operations.delete] as never[]) engine.register(operation);
    const sweeps = imageSweeps({ engine, images: world.images, operations: world.operations, now: at, report });
    const signal = new AbortController().signal;
    return { reports, sweep: async () => void (await Promise.all(sweeps.map((sweep) => sweep.sweep(signal)))) };
  };
  const begin = new Date('2026-01-02T00:00:00Z').getTime();

  it('newer ones are looked for each six hours', async () => {
    newest = old;
    const world = await made();
    let now = begin;
    const { sweep } = await sweeping(world, () => new Date(now));
    for (const hours of [0, 1, 5, 6, 7, 13]) {
      now = begin + hours * 3_600_000;
      await sweep();
    }
    expect(asked.length).toBe(3);
  });

  it.each([
    ['of what is not to be updated', { autoUpdate: false }, {}],
    ['of what came from nowhere', { origin: null }, {}],
    ['where the server is told not to', {}, { 'images.auto_update_interval': '0' }],
  ])('none is looked for %s', async (_, change, config) => {
    const world = await made(change);
    await world.store.config.set(config);
    await (await sweeping(world, () => new Date(begin))).sweep();
    expect(asked).toEqual([]);
  });

  it('a server that is away is told of', async () => {
    newest = null;
    const world = await made();
    const { sweep, reports } = await sweeping(world, () => new Date(begin));
    await sweep();
    expect(reports).toEqual([`looking for a newer one of the image ${old.slice(0, 12)}: it is away`]);
  });

  it.each([
    ['nobody has used for ten days', { lastUsedAt: null }, {}, true],
    ['was used lately', { lastUsedAt: new Date('2026-01-10T00:00:00Z') }, {}, false],
    ['was ordered', { cached: false }, {}, false],
    ['the server is to keep', {}, { 'images.remote_cache_expiry': '0' }, false],
  ])('what came for an instance and %s goes or stays', async (_, change, config, goes) => {
    const world = await made({ autoUpdate: false, ...change });
    await world.store.config.set(config);
    await (await sweeping(world, () => new Date(begin + 10 * day))).sweep();
    expect((await world.images.list('default')).length).toBe(goes ? 0 : 1);
    expect(world.dropped).toEqual(goes ? [old] : []);
  });
});
