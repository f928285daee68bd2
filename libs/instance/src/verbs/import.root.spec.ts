import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '#lib/base';
import { collect } from '#lib/client';
import { succeeded } from '#lib/engine';
import { lackOfRoot, titled } from '../../../host/src/testing/needs.ts';
import { unwindsFromEveryStep } from '../../../engine/src/testing.ts';
import type { BackupIndex } from '../backup/backup-index.ts';
import { removeWorlds, World } from '../testing/world.ts';
import type { ImportRequest } from './import.ts';

afterEach(removeWorlds);

/** What is unpacked has owners. */
const why = lackOfRoot('tar');

const asked = (change: Partial<ImportRequest> = {}): ImportRequest => ({ name: '', pool: '', ...change });

/** Here it is what this server has written; the rim checks its shape. */
function read(index: JsonObject): BackupIndex {
  const { name, pool, type, optimized, snapshots, config } = index as unknown as BackupIndex & {
    config: { container: BackupIndex['instance']; snapshots: BackupIndex['states'] };
  };
  return { name, pool, type, optimized, snapshots, instance: config.container, states: config.snapshots };
}

/** A backup of `c1`, which is still there. */
async function world() {
  const made = await World.make();
  await made.on.arrivals.prepare();
  const row = await made.instance('c1', { config: { 'user.a': '1' }, description: 'first' });
  await made.instances.metadata.files.writeTemplate(row, 'hello.tpl', 'hello');
  await made.instances.metadata.files.write(row, {
    ...{ architecture: 'x86_64', creation_date: 1, expiry_date: 0, properties: {} },
    templates: { '/hello': { when: ['start'], create_only: false, template: 'hello.tpl', properties: {} } },
  });
  const expiresAt = '2999-01-01T00:00:00Z';
  await succeeded(await made.verbs.snapshot.begin(row, { name: 's', stateful: false, expiresAt }));
  const wish = { name: 'b', expiresAt: null, alone: false, optimized: false, compression: 'none' };
  await succeeded(await made.verbs.backup.begin(row, wish));
  const { id = '' } = (await made.store.backups.get(row.id, 'b')) ?? {};
  const bytes = await collect((await made.instances.backupFiles.read({ id: row.id, backupId: id })).content);
  const begin = (change: Partial<ImportRequest> = {}, reading = read) =>
    made.verbs.import.begin('default', Readable.from([bytes]), reading, asked(change));
  const bring = async (change: Partial<ImportRequest> = {}, reading = read) => succeeded(await begin(change, reading));
  return Object.assign(made, { row, bytes, begin, bring });
}
type Importing = Awaited<ReturnType<typeof world>>;

const arrived = ({ on }: Importing) => readdir(join(on.host.homesDir, '..', 'imports'));

/** `read` with something else in the instance, or in the whole. */
const changed =
  (change: Partial<BackupIndex> = {}, instance: Partial<BackupIndex['instance']> = {}) =>
  (index: JsonObject) => {
    const said = read(index);
    return { ...said, ...change, instance: { ...said.instance, ...instance } };
  };

describe.skipIf(why !== '')(titled('instance.import', why), () => {
  it('leaves nothing, wherever it is cut off', () =>
    unwindsFromEveryStep(
      ({ operations }: World) => operations.import,
      async () => {
        const made = await world();
        const id = await made.on.arrivals.receive(Readable.from([made.bytes]));
        let index: BackupIndex | null = null;
        await made.bring({ name: 'other' }, (document) => {
          index ??= read(document);
          return index;
        });
        if (index === null) throw new Error('nothing was read');
        return Object.assign(made, { params: await made.verbs.import.prepare('default', id, index, asked({ name: 'c2' })) });
      },
      async (made) => {
        expect((await made.store.instances.list(null)).map(({ name }) => name).sort()).toEqual(['c1', 'other']);
        expect(made.storage.made.size).toBe(4);
        expect([...made.storage.links.keys()].sort()).toEqual(['default/c1', 'default/other']);
        expect(await made.store.snapshots.list([made.params.id])).toEqual([]);
      },
    ));
});

describe.skipIf(why !== '')(titled('a backup', why), () => {
  it('becomes an instance with its snapshots, and what it keeps of its image', async () => {
    const made = await world();
    await made.bring({ name: 'c2' });
    const row = await made.store.instances.get('default', 'c2');
    expect(row).toMatchObject({ description: 'first', config: { 'user.a': '1' }, profiles: ['default'], power: 'stopped' });
    expect(row?.volatile['volatile.base_image']).toBe(made.row.volatile['volatile.base_image']);
    expect(row?.volatile['volatile.apply_template']).toBeUndefined();
    expect(row?.volatile['volatile.uuid']).toBe(row?.id);
    const [snapshot] = await made.store.snapshots.list([row?.id ?? '']);
    expect(snapshot).toMatchObject({ name: 's', expiresAt: new Date('2999-01-01T00:00:00Z'), config: { 'user.a': '1' } });
    expect(await made.store.volumes.byId(snapshot?.id ?? '')).toMatchObject({ parentId: row?.id, name: 'c2/s' });
    const metadata = made.instances.metadata.files;
    expect(await metadata.read({ id: row?.id ?? '' })).toMatchObject({ templates: { '/hello': { template: 'hello.tpl' } } });
    expect(await metadata.template({ id: row?.id ?? '' }, 'hello.tpl')).toBe('hello');
    expect(await arrived(made)).toEqual([]);
    expect(made.problems).toEqual([]);
    const actions = made.events.flatMap(({ type, metadata: told }) => (type === 'lifecycle' ? [(told as { action: string }).action] : []));
    expect(actions.at(-1)).toBe('instance-created');
  });

  it('keeps the addresses of its network cards unless another instance has them', async () => {
    const made = await world();
    const key = 'volatile.eth0.hwaddr';
    await made.bring({ name: 'c2' });
    expect((await made.store.instances.get('default', 'c2'))?.volatile[key]).not.toBe(made.row.volatile[key]);
    await succeeded(await made.verbs.delete.begin(made.row));
    await made.bring();
    expect((await made.store.instances.get('default', 'c1'))?.volatile[key]).toBe(made.row.volatile[key]);
  });

  it('goes to the pool that is asked for, to its own, or to that of the default profile', async () => {
    const made = await world();
    await made.store.pools.insert({ name: 'fast', driver: 'dir', description: '', config: {} });
    const devicesOf = async (name: string) => (await made.store.instances.get('default', name))?.devices;
    await made.bring({ name: 'c2', pool: 'fast' });
    expect(await devicesOf('c2')).toEqual({ root: { type: 'disk', path: '/', pool: 'fast' } });
    const { id = '' } = (await made.store.instances.get('default', 'c2')) ?? {};
    expect((await made.store.snapshots.list([id])).map(({ devices }) => devices.root?.pool)).toEqual(['fast']);
    await made.bring({ name: 'c3' }, changed({ pool: 'fast' }));
    expect(await devicesOf('c3')).toEqual({ root: { type: 'disk', path: '/', pool: 'fast' } });
    await made.bring({ name: 'c4' }, changed({ pool: 'gone' }));
    expect(await devicesOf('c4')).toEqual({});
    await expect(made.begin({ name: 'c5', pool: 'gone' })).rejects.toThrow('Storage pool not found');
  });

  const shifted = (entries: unknown) => ({ 'volatile.last_state.idmap': JSON.stringify(entries) });
  it.each<[string, (index: JsonObject) => BackupIndex, Partial<ImportRequest>, RegExp]>([
    ['a name that is taken', read, {}, /Instance "c1" already exists/],
    ['a name that is none', read, { name: 'a_b' }, /Invalid instance name/],
    ['a profile that is not there', changed({}, { profiles: ['gone'] }), { name: 'x' }, /Requested profile "gone" doesn't exist/],
    ['a key that nobody knows', changed({}, { config: { nonsense: '1' } }), { name: 'x' }, /nonsense/],
    ['another architecture', changed({}, { architecture: 'aarch64' }), { name: 'x' }, /aarch64/],
    ['the form of a pool of its own', changed({ optimized: true }), { name: 'x' }, /Optimized backups/],
    ['a virtual machine', changed({ type: 'virtual-machine' }), { name: 'x' }, /"virtual-machine" is not supported/],
    ['a snapshot that it does not describe', changed({ states: [] }), { name: 'x' }, /does not describe all of its snapshots/],
    ['ids that are no map', changed({}, { config: shifted([{ Isuid: true, Hostid: -5 }]) }), { name: 'x' }, /what is no map/],
  ])('is refused with %s, and nothing stays of it', async (_what, reading, request, text) => {
    const made = await world();
    await expect(made.begin(request, reading)).rejects.toThrow(text);
    expect(await arrived(made)).toEqual([]);
    expect((await made.store.instances.list(null)).map(({ name }) => name)).toEqual(['c1']);
    expect(made.storage.made.size).toBe(2);
  });

  it('that does not arrive whole leaves nothing', async () => {
    const made = await world();
    const content = async function* () {
      yield made.bytes.subarray(0, 2000);
      throw new Error('the client went away');
    };
    const begun = made.verbs.import.begin('default', Readable.from(content()), read, asked({ name: 'x' }));
    await expect(begun).rejects.toThrow('the client went away');
    expect(await arrived(made)).toEqual([]);
  });

  it('is the same again when it is backed up', async () => {
    const made = await world();
    await made.bring({ name: 'c2' });
    const row = await made.store.instances.get('default', 'c2');
    if (!row) throw new Error('it was not made');
    await succeeded(
      await made.verbs.backup.begin(row, { name: 'b', expiresAt: null, alone: false, optimized: false, compression: 'none' }),
    );
    const { id = '' } = (await made.store.backups.get(row.id, 'b')) ?? {};
    const text = await readFile(join(made.on.host.homesDir, row.id, 'backups', id), 'latin1');
    for (const part of ['backup/snapshots/s/rootfs/of', 'backup/container/templates/hello.tpl']) expect(text).toContain(part);
  });
});
