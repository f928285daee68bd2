import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireOperation } from '#lib/contract';
import { faultPoints } from '#lib/engine';
import { imageOperations } from '#lib/image';
import { packUnified } from '../clients/image-files.ts';
import { TestDaemon } from '../harness/daemon.ts';

/** As every-step.e2e-spec.ts, for the operations on images: an image is there with all that is its, or nothing of it is. */

let daemon: TestDaemon;
let place = '';
let archive: Buffer;

// Only the tables are read here: no step runs.
const operations = imageOperations({} as never, {} as never, {} as never);

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'lxe-image-'));
  archive = await readFile(await packUnified(place));
  daemon = await TestDaemon.start();
});

afterAll(async () => {
  await rm(place, { recursive: true, force: true });
  expect(await daemon.stop()).toEqual([]);
});

const upload = () =>
  daemon.client.images.uploadUnified({ filename: 'tiny.tar.gz', public: false, properties: {} }, Readable.from([archive]));
const list = async () => (await daemon.client.images.list()).map(({ fingerprint }) => fingerprint);
const remove = async () => {
  for (const fingerprint of await list()) await daemon.done(daemon.client.images.delete(fingerprint));
};

/** Rows and what is on disk say the same, and nothing is on its way any more. */
async function expectWhole(): Promise<string[]> {
  const images = await list();
  const files = (await readdir(join(daemon.dir, 'images'))).filter((name) => name !== 'incoming' && name !== 'trees');
  expect(files).toEqual(images);
  expect(await readdir(join(daemon.dir, 'images/incoming'))).toEqual([]);
  const trees = await readdir(join(daemon.dir, 'storage-pools/default/images'));
  expect(trees.filter((name) => !images.includes(name))).toEqual([]);
  return images;
}

async function cutOff(point: string, ask: () => Promise<WireOperation>): Promise<void> {
  await daemon.kill();
  await daemon.launch({ LXCTL_FAULT: point });
  await ask().catch(() => {});
  await daemon.ended();
  await daemon.launch();
}

describe('an upload', () => {
  const points = faultPoints(operations.create);
  it.each(points)('killed at %s', async (point) => {
    await remove();
    await cutOff(point, upload);
    const done = point === points.findLast((each) => each.endsWith(':after'));
    expect(await expectWhole()).toHaveLength(done ? 1 : 0);
    // Nothing is in the way of the next one.
    if (!done) await daemon.done(upload());
    const [fingerprint = ''] = await list();
    await daemon.done(daemon.client.instances.create({ name: 'made', source: { type: 'image', fingerprint }, start: true }));
    await daemon.remove('made');
  });
});

describe('the delete of an image', () => {
  it.each(faultPoints(operations.delete))('killed at %s', async (point) => {
    if ((await list()).length === 0) await daemon.done(upload());
    const [fingerprint = ''] = await list();
    await cutOff(point, () => daemon.client.images.delete(fingerprint));
    expect(await expectWhole()).toEqual([]);
  });
});

describe('the image of an instance', () => {
  it('is there whole or not at all', async () => {
    if ((await list()).length === 0) await daemon.done(upload());
    const [fingerprint = ''] = await list();
    await daemon.done(daemon.client.instances.create({ name: 'source', source: { type: 'image', fingerprint } }));
    const publish = () => daemon.client.images.publish({ source: { type: 'instance', name: 'source' }, properties: {}, public: false });
    const points = faultPoints(operations.create);
    for (const point of points) {
      await cutOff(point, publish);
      const done = point === points.findLast((each) => each.endsWith(':after'));
      expect(await expectWhole()).toHaveLength(done ? 2 : 1);
    }
    // The instance is free again.
    await daemon.remove('source');
  });
});
