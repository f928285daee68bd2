import { chown, lstat, readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { type BackupRequest, tarMembers } from '#lib/archive';
import type { JsonObject } from '#lib/base';
import { collect } from '#lib/client';
import { succeeded } from '#lib/engine';
import { resumesFromEveryStep, run, stepsAreIdempotent, unwindsFromEveryStep } from '../../../../engine/src/testing.ts';
import { confinement, lackOfConfinement } from '../../../../archive/src/testing/samples.ts';
import { lackOfRoot, titled } from '../../../../host/src/testing/needs.ts';
import { CustomWorld as World, ids, removeCustomWorlds } from '../../testing/custom-world.ts';
import type { VolumeBackupIndex } from './backup-index.ts';
import type { VolumeImportParams } from './import-operation.ts';
import type { VolumeBackupDeleteParams, VolumeBackupParams, VolumeBackupRenameParams } from './operations.ts';

afterEach(removeCustomWorlds);

/** What is packed and unpacked has owners. */
const why = lackOfRoot('tar');

const ready = <P>(world: World, params: P) => Object.assign(world, { params });
const named = (name: string, pool = 'one') => ({ pool, project: 'default', name });
const asked = (change: Partial<BackupRequest> = {}): BackupRequest => ({
  ...{ name: '', expiresAt: null, alone: false, optimized: false, compression: 'none' },
  ...change,
});

/** Here it is what this server has written; the rim checks its shape. */
function read(index: JsonObject): VolumeBackupIndex {
  const { name, type, optimized, snapshots, config } = index as unknown as VolumeBackupIndex & {
    config: { volume: VolumeBackupIndex['volume']; volume_snapshots: VolumeBackupIndex['states'] };
  };
  return { name, type, optimized, snapshots, volume: config.volume, states: config.volume_snapshots };
}

const planned: VolumeBackupParams = {
  ...{ id: ids.v, name: 'v', backupId: ids.w, backup: 'b', alone: false, compression: { program: 'none', level: null } },
  ...{ createdAt: '2026-01-02T03:04:05.000Z', expiresAt: null },
};

/** `v` with its snapshot and the backup `b`. */
async function withBackup() {
  const world = await (await World.make()).withSnapshot();
  expect((await run(world.operations.backup, { store: world.store, params: planned })).status_code).toBe(200);
  return world;
}
const rows = async ({ store }: World) => (await store.volumeBackups.list(null)).map(({ name }) => name);
const left = async (world: World) => [await rows(world), await world.backupFiles()];

describe.skipIf(why !== '')(titled('volume_backup.create', why), () => {
  const setup = async () => ready<VolumeBackupParams>(await (await World.make()).withSnapshot(), planned);
  const spec = ({ operations }: World) => operations.backup;
  const clean = async (world: World) => {
    expect(await left(world)).toEqual([[], []]);
    expect(await world.there('one')).toEqual(['v', 'v/s']);
  };
  const done = async (world: World) => expect(await left(world)).toEqual([['b'], [`${ids.v}/${ids.w}`]]);

  it('leaves nothing, wherever it is cut off', () => unwindsFromEveryStep(spec, setup, clean));
  it('may run twice', () => stepsAreIdempotent(spec, setup, done, clean));
});

describe.skipIf(why !== '')(titled('volume_backup.rename and .delete', why), () => {
  it('are finished, wherever they are cut off', async () => {
    await resumesFromEveryStep(
      ({ operations }: World) => operations.backupRename,
      async () => ready<VolumeBackupRenameParams>(await withBackup(), { volume: 'v', backupId: ids.w, newName: 'c' }),
      async (world) => expect(await left(world)).toEqual([['c'], [`${ids.v}/${ids.w}`]]),
    );
    await resumesFromEveryStep(
      ({ operations }: World) => operations.backupDelete,
      async () => ready<VolumeBackupDeleteParams>(await withBackup(), { id: ids.v, backupId: ids.w }),
      async (world) => expect(await left(world)).toEqual([[], []]),
    );
  });
});

describe.skipIf(why !== '')(titled('volume.import', why), () => {
  const setup = async () => {
    const world = await withBackup();
    await world.arrivals.prepare();
    const file = await world.volumes().backups.read(named('v'), 'b');
    const arrived = await world.arrivals.receive(file.content);
    const shared = { project: 'default', description: '', config: {}, createdAt: null, shifts: [] };
    const { snapshot } = await world.newSnapshot();
    const snapshots = [{ ...snapshot, id: ids.t, shifts: [] }];
    return ready<VolumeImportParams>(world, { ...shared, id: ids.w, poolId: await world.poolId('two'), name: 'w', arrived, snapshots });
  };
  const spec = ({ operations }: World) => operations.import;
  const clean = async (world: World) => expect([await world.there('one'), await world.there('two')]).toEqual([['v', 'v/s'], []]);
  const done = async (world: World) => {
    expect(await world.there('two')).toEqual(['w', 'w/s']);
    expect([await world.content('two', ids.w), await world.content('two', ids.t)]).toEqual(['mine', 'was']);
  };

  it('leaves nothing, wherever it is cut off', () => unwindsFromEveryStep(spec, setup, clean));
  it('may run twice', () => stepsAreIdempotent(spec, setup, done, clean));
});

/** `v` with its snapshot, and its backups. */
async function world() {
  const made = await (await World.make()).withSnapshot();
  await made.arrivals.prepare();
  const volumes = made.volumes();
  const backUp = async (change: Partial<BackupRequest> = {}) => succeeded(await volumes.backups.create(named('v'), asked(change)));
  const bytes = async (backup: string) => collect((await volumes.backups.read(named('v'), backup)).content);
  const bring = async (content: Buffer, to = named(''), reading = read) =>
    succeeded(await volumes.backups.import(to, Readable.from([content]), reading));
  return Object.assign(made, { custom: volumes, backUp, bytes, bring });
}

async function membersOf(archive: Buffer): Promise<string[]> {
  const names: string[] = [];
  const source = Readable.from([archive]) as AsyncIterable<Buffer>;
  for await (const { name } of tarMembers(source)) names.push(name.replace(/\/$/, ''));
  return names;
}

describe.skipIf(why !== '')(titled('backups of custom volumes', why), () => {
  it('hold the volume and its snapshots in the form of LXD, or the volume alone', async () => {
    const made = await world();
    await made.backUp();
    const part = (of: string) => [of, `${of}/etc`, `${of}/etc/motd`];
    const snapshot = ['backup/volume-snapshots', ...part('backup/volume-snapshots/s')];
    expect(await membersOf(await made.bytes('backup0'))).toEqual(['backup/index.yaml', ...snapshot, ...part('backup/volume')]);
    await made.backUp({ alone: true });
    expect(await membersOf(await made.bytes('backup1'))).toEqual(['backup/index.yaml', ...part('backup/volume')]);
    expect((await made.custom.backups.list(named('v'))).map(({ name, alone }) => [name, alone])).toEqual([
      ['backup0', false],
      ['backup1', true],
    ]);
  });

  it('become volumes again, elsewhere or under another name, with owners and snapshots', async () => {
    const made = await world();
    const motd = made.path('one', 'volumes', ids.v, 'data', 'etc', 'motd');
    await chown(motd, 1000, 1001);
    await made.custom.update(named('v'), () => ({ description: 'of mine', config: { 'user.a': '1', 'snapshots.expiry': '1d' } }));
    await made.backUp({ name: 'b' });
    const bytes = await made.bytes('b');
    await made.bring(bytes, named('', 'two'));
    const { id, description, config } = await made.custom.get(named('v', 'two'));
    expect({ description, config }).toEqual({ description: 'of mine', config: { 'user.a': '1', 'snapshots.expiry': '1d' } });
    expect(await made.content('two', id)).toBe('mine');
    const { uid, gid } = await lstat(made.path('two', 'volumes', id, 'data', 'etc', 'motd'));
    expect([uid, gid]).toEqual([1000, 1001]);
    const { id: snapshot, createdAt } = await made.custom.snapshots.get(named('v', 'two'), 's');
    expect([await made.content('two', snapshot), createdAt.toISOString()]).toEqual(['was', '2026-01-02T03:04:05.000Z']);
    await made.bring(bytes, named('w'));
    await succeeded(await made.custom.snapshots.restore(named('w'), 's'));
    expect(await made.content('one', (await made.custom.get(named('w'))).id)).toBe('was');
    expect([await made.there('one'), await made.there('two')]).toEqual([
      ['v', 'v/s', 'w', 'w/s'],
      ['v', 'v/s'],
    ]);
    expect(await readdir(`${made.dir}/imports`)).toEqual([]);
  });

  it.skipIf(lackOfConfinement() !== '')('come with the ids that are seen inside when LXD has shifted them', async () => {
    const made = await world();
    const motd = (id: string) => made.path('one', 'volumes', id, 'data', 'etc', 'motd');
    await chown(motd(ids.v), 1_000_033, 1_000_044);
    for (const place of ['data', 'data/etc']) await chown(made.path('one', 'volumes', ids.v, place), 1_000_000, 1_000_000);
    await made.backUp({ name: 'b' });
    const bytes = await made.bytes('b');
    made.confinement = confinement();
    const { backups } = made.volumes();
    const shifted = (map: object) => (index: JsonObject) => {
      const said = read(index);
      return { ...said, volume: { ...said.volume, config: { 'volatile.idmap.last': JSON.stringify([map]), 'volatile.idmap.next': 'x' } } };
    };
    const map = { Isuid: true, Isgid: true, Hostid: 1_000_000, Nsid: 0, Maprange: 65_536 };
    await succeeded(await backups.import(named('w'), Readable.from([bytes]), shifted(map)));
    const { id, config } = await made.custom.get(named('w'));
    const { uid, gid } = await lstat(motd(id));
    expect({ config, uid, gid }).toEqual({ config: {}, uid: 33, gid: 44 });
    // What LXD has shifted is the volume alone.
    expect((await lstat(motd((await made.custom.snapshots.get(named('w'), 's')).id))).uid).toBe(0);
    const refused = backups.import(named('x'), Readable.from([bytes]), shifted({ ...map, Hostid: -1 }));
    await expect(refused).rejects.toThrow('The backup says of its ids what is no map');
  });

  it.each<[string, (index: VolumeBackupIndex) => object, string]>([
    ['an instance', () => ({ type: 'container' }), 'The file is the backup of an instance'],
    ['a pool of another kind', () => ({ optimized: true }), '--optimized-storage'],
    ['a disk', ({ volume }) => ({ volume: { ...volume, content_type: 'block' } }), 'disks of virtual machines'],
    ['a snapshot twice', () => ({ snapshots: ['s', 's'] }), 'names a snapshot twice'],
    ['a snapshot unknown', () => ({ states: [] }), 'does not describe all of its snapshots'],
    ['keys unknown', ({ volume }) => ({ volume: { ...volume, config: { foo: 'bar' } } }), 'option "foo"'],
    ['a size', ({ volume }) => ({ volume: { ...volume, config: { size: '1GiB' } } }), '"size"'],
    [
      'a time that is none',
      ({ states }) => ({ states: states.map((each) => ({ ...each, expires_at: 'soon' })) }),
      'Invalid expiry date: "soon"',
    ],
    ['a name that is none', () => ({ name: 'a/b' }), 'may not contain slashes'],
    ['a name that is taken', () => ({ name: 'v' }), 'Volume by that name already exists'],
  ])('are refused of %s', async (_what, change, text) => {
    const made = await world();
    await made.backUp({ name: 'b' });
    const reading = (index: JsonObject) => {
      const said = { ...read(index), name: 'w' };
      return { ...said, ...change(said) };
    };
    await expect(made.bring(await made.bytes('b'), named(''), reading)).rejects.toThrow(text);
    expect([await made.there('one'), await readdir(`${made.dir}/imports`)]).toEqual([['v', 'v/s'], []]);
  });

  it.each([
    [{ name: 'a/b' }, 'Backup names may not contain slashes'],
    [{ expiresAt: 'soon' }, 'Invalid expiry date: "soon"'],
    [{ compression: 'foo' }, 'Invalid compression algorithm "foo"'],
    [{ optimized: true }, 'optimized_storage'],
  ])('are not made of %j', async (change, words) => {
    const made = await world();
    await expect(made.backUp(change)).rejects.toThrow(words);
    expect(await left(made)).toEqual([[], []]);
  });

  it('have a name once, follow their volume, and go with it or when their time is over', async () => {
    const made = await world();
    const { backups, sweeps } = made.custom;
    await made.backUp({ name: 'a', expiresAt: '2026-01-02T03:05:00Z' });
    await made.backUp({ name: 'b' });
    await expect(made.backUp({ name: 'b' })).rejects.toThrow('Backup "v/b" already exists');
    await expect(backups.rename(named('v'), 'a', 'b')).rejects.toThrow('Backup "v/b" already exists');
    await succeeded(await backups.rename(named('v'), 'b', 'c'));
    made.clock = '2026-01-02T03:05:00Z';
    for (const sweep of sweeps) await sweep.sweep(new AbortController().signal);
    expect(await rows(made)).toEqual(['c']);
    expect(await made.backupFiles()).toHaveLength(1);
    await succeeded(await made.custom.rename(named('v'), 'w'));
    await succeeded(await made.custom.move(named('w'), { pool: 'two', name: 'x' }));
    expect((await backups.get(named('x', 'two'), 'c')).name).toBe('c');
    expect((await collect((await backups.read(named('x', 'two'), 'c')).content)).length).toBeGreaterThan(1000);
    await succeeded(await made.custom.delete(named('x', 'two')));
    expect([...(await left(made)), made.reported]).toEqual([[], [], []]);
  });

  it('are not there while they are made, or when they are gone', async () => {
    const made = await world();
    await expect(made.custom.backups.get(named('v'), 'b')).rejects.toThrow('Storage volume backup not found');
    await made.store.volumeBackups.insert({ id: ids.w, ownerId: ids.v, name: 'b', alone: true, createdAt: new Date(), expiresAt: null });
    await expect(made.custom.backups.read(named('v'), 'b')).rejects.toThrow('Storage volume backup not found');
  });
});
