import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import { succeeded } from '#lib/engine';
import type { InstanceRow } from '#lib/store';
import { resumesFromEveryStep, run, stepsAreIdempotent, unwindsFromEveryStep } from '../../../engine/src/testing.ts';
import { MetadataFiles } from '../metadata/metadata-files.ts';
import { fingerprint, removeWorlds, World } from '../testing/world.ts';

afterEach(removeWorlds);

const other = 'e'.repeat(64);
const templates = { '/etc/hosts': { when: ['create'], template: 'hosts.tpl', create_only: false, properties: {} } };

/** `c1`, made of `img`, and another image `new` with a template. */
async function world(source: { type: string; alias?: string } = { type: 'image', alias: 'new' }) {
  const made = await World.make();
  const row = await made.instance('c1', {
    config: { 'image.os': 'Fake', 'image.old': 'yes', 'user.a': 'b' },
    volatile: { 'volatile.base_image': fingerprint, 'volatile.cloud-init.instance-id': 'first' },
  });
  await made.store.images.insert(made.images.add(other, 'new', { properties: { os: 'Other' }, metadata: { templates } }));
  const tree = join(made.place, 'tree');
  await mkdir(join(tree, 'templates'), { recursive: true });
  await writeFile(join(tree, 'templates/hosts.tpl'), 'text');
  made.storage.trees.directory = async () => tree;
  const files = new MetadataFiles(made.on.host);
  await files.writeTemplate(row, 'old.tpl', 'of the first image');
  await files.write(row, { ...(await files.read(row)), properties: { of: 'the first image' } });
  return Object.assign(made, { files, before: row, params: (await made.verbs.rebuild.prepare(row, source)).params });
}
type Rebuilding = Awaited<ReturnType<typeof world>>;
const spec = (made: World) => made.operations.rebuild;

const tellsOf = async (made: Rebuilding) => {
  const { config, volatile } = await made.row(made.before.id);
  const volumes = await made.store.volumes.list((await made.storage.pools.get('default')).id);
  const [roots, homes] = [
    [...made.storage.made.values()],
    await access(join(made.place, 'instances', made.params.successor)).catch(() => 'none'),
  ];
  expect(homes).toBe('none');
  expect(volumes.map(({ name }) => name)).toEqual(['c1']);
  expect(roots).toEqual([{ pool: 'default', image: volumes[0]?.config['volatile.image'] ?? null }]);
  return {
    config,
    base: volatile['volatile.base_image'],
    machine: volatile['volatile.cloud-init.instance-id'] === 'first' ? 'first' : 'new',
    pending: volatile['volatile.apply_template'],
    image: roots[0]?.image,
    templates: await made.files.list(made.before),
    properties: (await made.files.read(made.before)).properties,
  };
};
const old = {
  config: { 'image.os': 'Fake', 'image.old': 'yes', 'user.a': 'b' },
  ...{ base: fingerprint, machine: 'first', pending: undefined, image: fingerprint },
  ...{ templates: ['old.tpl'], properties: { of: 'the first image' } },
};
const rebuilt = {
  config: { 'image.os': 'Other', 'user.a': 'b' },
  ...{ base: other, machine: 'new', pending: 'create', image: other, templates: ['hosts.tpl'], properties: {} },
};
const emptied = { ...rebuilt, config: { 'user.a': 'b' }, base: undefined, image: null, templates: [] };

describe('instance.rebuild', () => {
  const done = async (made: Rebuilding) => expect(await tellsOf(made)).toEqual(rebuilt);

  it('is finished, wherever it is cut off', () => resumesFromEveryStep(spec, () => world(), done));
  it('does the same twice as once', () => stepsAreIdempotent(spec, () => world(), done));
  it('has done nothing, or all, whatever fails', async () => {
    await unwindsFromEveryStep(
      spec,
      () => world(),
      async (made) => {
        const now = await tellsOf(made);
        expect(now).toEqual(now.image === other ? rebuilt : old);
      },
    );
  });

  it('leaves all as it was when the new root cannot take its place', async () => {
    const made = await world();
    made.storage.roots.replace = () => Promise.reject(new Error('no such device'));
    expect((await run(spec(made), made)).err).toBe('no such device');
    expect(await tellsOf(made)).toEqual(old);
  });

  it('may leave it empty, and makes it of an image again', async () => {
    const made = await world({ type: 'none' });
    await succeeded(await made.verbs.rebuild.begin(made.before, { type: 'none' }));
    expect(await tellsOf(made)).toEqual(emptied);
    await succeeded(await made.verbs.rebuild.begin(await made.row(made.before.id), { type: 'image', fingerprint: other }));
    expect(await tellsOf(made)).toEqual(rebuilt);
    expect(made.actions).toEqual(['instance-updated', 'instance-updated']);
  });

  it('fetches an image that is not there, but not again after a crash', async () => {
    const made = await world();
    made.images.elsewhere.set('far', made.images.add('d'.repeat(64), 'far', { properties: { os: 'Far' } }));
    made.images.rows.delete('d'.repeat(64));
    const source = { type: 'image', protocol: 'recipe', alias: 'far' };
    const { params } = await made.verbs.rebuild.prepare(made.before, source);
    expect((await run(spec(made), { store: made.store, params })).err).toMatch(/The server stopped during the operation/);
    expect(await tellsOf(made)).toEqual(old);
    await succeeded(await made.verbs.rebuild.begin(made.before, source));
    expect((await made.row(made.before.id)).config['image.os']).toBe('Far');
  });

  it('is cancelled while its image is fetched', async () => {
    const made = await world();
    made.images.elsewhere.set('far', made.images.add('d'.repeat(64), 'far'));
    made.images.rows.delete('d'.repeat(64));
    const fetching = new Deferred<void>();
    made.images.onFetch = ({ signal }) => {
      fetching.resolve();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    };
    const operation = await made.verbs.rebuild.begin(made.before, { type: 'image', protocol: 'recipe', alias: 'far' });
    await fetching.promise;
    await made.engine.cancel(operation.id);
    expect((await operation.done).status).toBe('Cancelled');
    expect(await tellsOf(made)).toEqual(old);
  });

  it('is refused of what runs, what has snapshots, and of no image', async () => {
    const made = await world();
    const rebuild = (row: InstanceRow, source: Parameters<typeof made.verbs.rebuild.begin>[1]) => made.verbs.rebuild.begin(row, source);
    await expect(rebuild((await made.running('c2')).row, { type: 'none' })).rejects.toThrow('Instance must be stopped to be rebuilt');
    await expect(rebuild(made.before, { type: 'image' })).rejects.toThrow('Must specify one of alias, fingerprint');
    await expect(rebuild(made.before, { type: 'copy' })).rejects.toThrow('Unknown source type copy');
    await expect(rebuild(made.before, { type: 'image', alias: 'nope' })).rejects.toThrow('Image alias not found');
    await succeeded(await made.verbs.snapshot.begin(made.before, { name: 's', stateful: false, expiresAt: null }));
    await expect(rebuild(made.before, { type: 'none' })).rejects.toThrow('has snapshots');
    expect((await run(spec(made), made)).err).toMatch(/has snapshots/);
  });
});
