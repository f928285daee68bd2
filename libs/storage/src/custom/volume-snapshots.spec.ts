import { readdir, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { succeeded } from '#lib/engine';
import { sampleInstance } from '../../../store/src/fake/index.ts';
import { resumesFromEveryStep, run, stepsAreIdempotent, unwindsFromEveryStep } from '../../../engine/src/testing.ts';
import { CustomWorld as World, ids, removeCustomWorlds } from '../testing/custom-world.ts';
import type { SnapshotWish } from './volume-snapshots.ts';
import type { RestoreParams, SnapshotDeleteParams, SnapshotParams, SnapshotRenameParams } from './snapshot-operations.ts';

afterEach(removeCustomWorlds);

const v = { pool: 'one', project: 'default', name: 'v' };
const wish = (name = ''): SnapshotWish => ({ name, expiresAt: null });
const both = ['v', 'v/s'];

describe('volume_snapshot.create', () => {
  const setup = async () => {
    const world = await (await World.make()).withVolume();
    return Object.assign(world, { params: (await world.newSnapshot()) satisfies SnapshotParams });
  };
  const spec = ({ operations }: World) => operations.snapshot;
  const clean = async (world: World) => expect(await world.there('one')).toEqual(['v']);
  const done = async (world: World) => {
    expect(await world.there('one')).toEqual(both);
    expect(await world.content('one', ids.s)).toBe('mine');
  };

  it('leaves nothing, wherever it is cut off', () => unwindsFromEveryStep(spec, setup, clean));
  it('may run twice', () => stepsAreIdempotent(spec, setup, done, clean));
});

describe('volume_snapshot.rename', () => {
  const setup = async () => {
    const world = await (await World.make()).withSnapshot();
    return Object.assign(world, { params: { id: ids.s, volume: 'v', newName: 't' } satisfies SnapshotRenameParams });
  };
  const spec = ({ operations }: World) => operations.snapshotRename;
  const done = async (world: World) => expect(await world.there('one')).toEqual(['v', 'v/t']);

  it('is finished, wherever it is cut off', () => resumesFromEveryStep(spec, setup, done));
  it('may run twice', () => stepsAreIdempotent(spec, setup, done));
});

describe('volume_snapshot.delete', () => {
  const setup = async () => {
    const world = await (await World.make()).withSnapshot();
    return Object.assign(world, { params: { id: ids.s, poolId: await world.poolId('one'), name: 'v/s' } satisfies SnapshotDeleteParams });
  };
  const spec = ({ operations }: World) => operations.snapshotDelete;
  const done = async (world: World) => {
    expect(await world.there('one')).toEqual(['v']);
    expect(await world.content('one', ids.v)).toBe('mine');
  };

  it('is finished, wherever it is cut off', () => resumesFromEveryStep(spec, setup, done));
  it('may run twice', () => stepsAreIdempotent(spec, setup, done));
});

describe('volume.restore', () => {
  const setup = async () => {
    const world = await (await World.make()).withSnapshot();
    await writeFile(world.path('one', 'volumes', ids.v, 'data', 'later'), '');
    const params = { ...v, id: ids.v, poolId: await world.poolId('one'), snapshotId: ids.s, users: [] } satisfies RestoreParams;
    return Object.assign(world, { params });
  };
  const spec = ({ operations }: World) => operations.restore;
  const done = async (world: World) => {
    expect(await world.there('one')).toEqual(both);
    expect(await world.content('one', ids.v)).toBe('was');
    expect(await readdir(world.path('one', 'volumes', ids.v, 'data'))).toEqual(['etc']);
    expect(await world.content('one', ids.s)).toBe('was');
  };

  it('is finished, wherever it is cut off', () => resumesFromEveryStep(spec, setup, done));
  it('may run twice', () => stepsAreIdempotent(spec, setup, done));

  it('leaves the volume as it is when somebody began to use it, or the snapshot is gone', async () => {
    const world = await setup();
    await world.store.instances.insert(sampleInstance('a', { devices: { d: { type: 'disk', pool: 'one', source: 'v', path: '/d' } } }));
    expect((await run(world.operations.restore, world)).err).toMatch(/began to use it meanwhile/);
    const gone = { ...world.params, snapshotId: ids.t };
    expect((await run(world.operations.restore, { store: world.store, params: gone })).err).toBe('Storage volume snapshot not found');
    expect(await world.there('one')).toEqual(both);
    expect(await world.content('one', ids.v)).toBe('mine');
  });
});

describe('snapshots of volumes', () => {
  it('get the next name, and go with their volume', async () => {
    const world = await (await World.make()).withVolume();
    const volumes = world.volumes();
    const { snapshots } = volumes;
    await succeeded(await snapshots.create(v, wish()));
    await succeeded(await snapshots.create(v, { ...wish(), description: 'd', expiresAt: '2027-01-01T00:00:00Z' }));
    await expect(snapshots.create(v, wish('snap1'))).rejects.toThrow('Snapshot "snap1" already in use');
    expect(await snapshots.get(v, 'snap1')).toMatchObject({ description: 'd', expiresAt: new Date('2027-01-01T00:00:00Z') });
    await snapshots.update(v, 'snap1', () => ({ expiresAt: '' }));
    expect(await snapshots.get(v, 'snap1')).toMatchObject({ description: 'd', expiresAt: null });
    await expect(snapshots.rename(v, 'snap1', 'snap0')).rejects.toThrow('Snapshot "snap0" already in use');
    await succeeded(await volumes.copy({ ...v, name: 'w', description: '', config: undefined }, { ...v, name: 'v/snap0' }, false));
    expect(await world.there('one')).toEqual(['v', 'v/snap0', 'v/snap1', 'w']);
    await succeeded(await volumes.delete(v));
    expect(await world.there('one')).toEqual(['w']);
    expect(world.reported).toEqual([]);
  });

  it.each([
    ['a name with a slash', { name: 'a/b' }, 'Cannot contain "/"'],
    ['two dots', { name: '..' }, 'Invalid snapshot name'],
    ['an end that is no time', { expiresAt: 'soon' }, 'Invalid expiry date: "soon"'],
  ])('are not made with %s', async (_what, wrong, text) => {
    const world = await (await World.make()).withVolume();
    await expect(world.volumes().snapshots.create(v, { ...wish(), ...wrong })).rejects.toThrow(text);
    expect(await world.there('one')).toEqual(['v']);
  });

  it('are no volumes: no verb of a volume takes one for its own', async () => {
    const world = await (await World.make()).withSnapshot();
    const volumes = world.volumes();
    const snapshot = { ...v, name: 'v/s' };
    const missing = 'Storage pool volume not found';
    await expect(volumes.get(snapshot)).rejects.toThrow(missing);
    await expect(volumes.delete(snapshot)).rejects.toThrow(missing);
    await expect(volumes.rename(snapshot, 'w')).rejects.toThrow(missing);
    await expect(volumes.snapshots.create(snapshot, wish())).rejects.toThrow(missing);
    await expect(world.storage.volumes.custom('one', 'default', 'v/s')).rejects.toThrow(missing);
    await expect(volumes.snapshots.delete(v, 'none')).rejects.toThrow('Storage volume snapshot not found');
  });

  it('are not gone back to while an instance runs with the volume', async () => {
    const world = await (await World.make()).withSnapshot();
    const options = { type: 'disk', pool: 'one', source: 'v', path: '/d' };
    await world.store.instances.insert(
      sampleInstance('a', { devices: { d: options }, attached: [{ type: 'disk', device: 'd', options }], power: 'running' }),
    );
    await expect(world.volumes().snapshots.restore(v, 's')).rejects.toThrow('Cannot restore custom volume used by running instances');
    expect(await world.content('one', ids.v)).toBe('mine');
  });
});

describe('snapshots of volumes by themselves', () => {
  const signal = new AbortController().signal;

  /** `v` with this config, and the looks of one daemon. */
  async function world(config: Record<string, string>) {
    const made = await (await World.make()).withVolume();
    const volumes = made.volumes();
    await volumes.update(v, () => ({ config }));
    await made.store.volumes.update(ids.v, { createdAt: new Date(made.clock) });
    const at = async (clock: string, looks = volumes.sweeps) => {
      made.clock = clock;
      for (const look of looks) await look.sweep(signal);
      return (await made.there('one')).slice(1);
    };
    return { made, volumes, at };
  }

  it('are taken when they are due, named by the pattern, and go when their time is over', async () => {
    const config = { 'snapshots.schedule': '*/5 * * * *', 'snapshots.pattern': 'auto%d', 'snapshots.expiry': '7M' };
    const { made, at } = await world(config);
    expect(await at('2026-01-02T03:04:30Z')).toEqual([]);
    expect(await at('2026-01-02T03:05:01Z')).toEqual(['v/auto0']);
    expect(await at('2026-01-02T03:06:00Z')).toEqual(['v/auto0']);
    // Another daemon knows by the snapshot what was seen to.
    expect(await at('2026-01-02T03:06:30Z', made.volumes().sweeps)).toEqual(['v/auto0']);
    expect(await at('2026-01-02T03:10:00Z')).toEqual(['v/auto0', 'v/auto1']);
    expect(await at('2026-01-02T03:12:10Z')).toEqual(['v/auto1']);
    expect(made.reported).toEqual([]);
  });

  it('are kept as long as the request says, whatever the volume does', async () => {
    const { made, volumes, at } = await world({ 'snapshots.expiry': '1H' });
    await succeeded(await volumes.snapshots.create(v, { name: 'kept', expiresAt: '' }));
    await succeeded(await volumes.snapshots.create(v, { name: 'short', expiresAt: '2026-01-02T03:30:00Z' }));
    await succeeded(await volumes.snapshots.create(v, { name: 'usual', expiresAt: null }));
    expect(await at('2026-01-02T03:40:00Z')).toEqual(['v/kept', 'v/usual']);
    expect(await at('2026-01-02T04:30:00Z')).toEqual(['v/kept']);
    expect(made.reported).toEqual([]);
  });

  it.each([
    ['snapshots.schedule', '@startup'],
    ['snapshots.schedule', 'bad'],
    ['snapshots.expiry', '1Q'],
    ['snapshots.pattern', 'a/%d'],
    ['snapshots.nonsense', '1'],
  ])('are not asked for by %s=%s', async (key, value) => {
    const made = await World.make();
    const created = made.volumes().create({ ...v, description: '', config: { [key]: value } });
    await expect(created).rejects.toThrow(new RegExp(`^Invalid (value for volume|option for).*"${key}"`));
  });
});
