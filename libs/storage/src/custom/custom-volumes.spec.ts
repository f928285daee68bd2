import { rm, writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { type OperationSpec, succeeded } from '#lib/engine';
import { resumesFromEveryStep, run, stepsAreIdempotent, unwindsFromEveryStep } from '../../../engine/src/testing.ts';
import { CustomWorld as World, ids, removeCustomWorlds } from '../testing/custom-world.ts';
import type { DeleteVolumeParams, MakeParams, MoveParams, RenameVolumeParams } from './operations.ts';

const ready = async <P>(world: World, params: P | Promise<P>) => Object.assign(world, { params: await params });

afterEach(removeCustomWorlds);

const named = (name: string, pool = 'one') => ({ pool, project: 'default', name });

describe('volume.create', () => {
  const setup = async () => {
    const world = await World.make();
    return ready<MakeParams>(world, world.newVolume('v'));
  };
  const spec = ({ operations }: World) => operations.create;
  const clean = async (world: World) => expect(await world.there('one')).toEqual([]);

  it('leaves nothing, wherever it is cut off', () => unwindsFromEveryStep(spec, setup, clean));
  it('may run twice', () => stepsAreIdempotent(spec, setup, async (world) => expect(await world.there('one')).toEqual(['v']), clean));
});

describe('volume.copy', () => {
  const setup = async () => {
    const world = await (await World.make()).withSnapshot();
    const poolId = await world.poolId('one');
    const { snapshot } = await world.newSnapshot();
    const params = await world.newVolume('w', 'two', { poolId, id: ids.v });
    return ready<MakeParams>(world, { ...params, snapshots: [{ ...snapshot, id: ids.t, from: { poolId, id: ids.s } }] });
  };
  const spec = ({ operations }: World) => operations.copy;
  const clean = async (world: World) => {
    expect([await world.there('one'), await world.there('two')]).toEqual([['v', 'v/s'], []]);
    expect(await world.content('one', ids.v)).toBe('mine');
  };

  it('leaves the first volume alone, wherever it is cut off', () => unwindsFromEveryStep(spec, setup, clean));
  it('may run twice', () =>
    stepsAreIdempotent(
      spec,
      setup,
      async (world) => {
        expect([await world.there('one'), await world.there('two')]).toEqual([
          ['v', 'v/s'],
          ['w', 'w/s'],
        ]);
        expect([await world.content('two', ids.w), await world.content('two', ids.t)]).toEqual(['mine', 'was']);
      },
      clean,
    ));
});

describe('volume.rename', () => {
  const setup = async () => {
    const world = await (await World.make()).withSnapshot();
    const poolId = await world.poolId('one');
    return ready<RenameVolumeParams>(world, { id: ids.v, poolId, project: 'default', name: 'v', newName: 'w', pool: 'one', users: [] });
  };
  const spec = ({ operations }: World) => operations.rename;
  const done = async (world: World) => {
    expect(await world.there('one')).toEqual(['w', 'w/s']);
    expect(await world.content('one', ids.v)).toBe('mine');
  };

  it('is finished, wherever it is cut off', () => resumesFromEveryStep(spec, setup, done));
  it('may run twice', () => stepsAreIdempotent(spec, setup, done));
});

describe('volume.move', () => {
  const setup = async () => {
    const world = await (await World.make()).withSnapshot();
    const [poolId, toPoolId] = [await world.poolId('one'), await world.poolId('two')];
    return ready<MoveParams>(world, {
      id: ids.v,
      pool: 'one',
      poolId,
      toPool: 'two',
      toPoolId,
      project: 'default',
      name: 'v',
      newName: 'w',
      users: [],
      snapshots: [ids.s],
    });
  };
  const spec = ({ operations }: World) => operations.move;
  const done = async (world: World) => {
    expect([await world.there('one'), await world.there('two')]).toEqual([[], ['w', 'w/s']]);
    expect([await world.content('two', ids.v), await world.content('two', ids.s)]).toEqual(['mine', 'was']);
  };

  it('is finished, wherever it is cut off', () => resumesFromEveryStep(spec, setup, done));
  it('may run twice', () => stepsAreIdempotent(spec, setup, done));
  it('leaves the volume where it was when the name is taken meanwhile', async () => {
    const world = await setup();
    const other = await run(world.operations.create, { store: world.store, params: await world.newVolume('w', 'two') });
    expect(other.status_code).toBe(200);
    const view = await run(world.operations.move, world);
    expect(view.err).toBe('Volume by that name already exists');
    expect([await world.there('one'), await world.there('two')]).toEqual([['v', 'v/s'], ['w']]);
    expect(await world.content('one', ids.v)).toBe('mine');
  });
});

describe('volume.delete', () => {
  const setup = async () => {
    const world = await (await World.make()).withSnapshot();
    return ready<DeleteVolumeParams>(world, {
      id: ids.v,
      poolId: await world.poolId('one'),
      project: 'default',
      name: 'v',
      snapshots: [ids.s],
    });
  };
  const spec = ({ operations }: World) => operations.delete;
  const done = async (world: World) => expect(await world.there('one')).toEqual([]);

  it('is finished, wherever it is cut off', () => resumesFromEveryStep(spec, setup, done));
  it('may run twice', () => stepsAreIdempotent(spec, setup, done));
});

describe('a volume of which a snapshot was taken meanwhile', () => {
  it.each(['move', 'delete'] as const)('is left as it is: %s', async (kind) => {
    const world = await (await World.make()).withSnapshot();
    const [poolId, toPoolId] = [await world.poolId('one'), await world.poolId('two')];
    const params = { ...named('v'), id: ids.v, poolId, toPool: 'two', toPoolId, newName: 'w', users: [], snapshots: [] };
    const view = await run(world.operations[kind] as OperationSpec<typeof params, Record<string, never>>, { store: world.store, params });
    expect(view.err).toBe('Storage volume: its snapshots have changed meanwhile');
    expect([await world.there('one'), await world.there('two')]).toEqual([['v', 'v/s'], []]);
  });
});

describe('custom volumes', () => {
  const wanted = (name: string, config = {}) => ({ ...named(name), description: '', config });

  it.each([
    ['no name', '', {}, 'No name provided'],
    ['a slash', 'a/b', {}, 'may not contain slashes'],
    ['control characters', 'a\nb', {}, 'may not contain control characters'],
    ['two dots', '..', {}, 'Invalid storage volume name ".."'],
    ['a name that is too long', 'x'.repeat(181), {}, 'at most 180 bytes'],
    ['an option that nobody knows', 'v', { nonsense: '1' }, 'Invalid option for volume "default_v" option "nonsense"'],
    ['a value that is none', 'v', { 'security.shifted': 'maybe' }, 'Invalid value for volume "default_v" option "security.shifted"'],
    [
      'two wishes that exclude each other',
      'v',
      { 'security.shifted': 'true', 'security.unmapped': 'true' },
      'security.unmapped and security.shifted are mutually exclusive',
    ],
    ['an option that nothing would act on', 'v', { 'zfs.blocksize': '8KiB' }, 'not supported by this server: "zfs.blocksize"'],
    ['a size that the pool cannot honour', 'v', { size: '1GiB' }, 'cannot honour a "size": its driver overlay has no quotas'],
  ])('are not made with %s', async (_what, name, config, text) => {
    const world = await World.make();
    await expect(world.volumes().create(wanted(name, config))).rejects.toThrow(text);
    expect(await world.there('one')).toEqual([]);
  });

  it('tell all that is wrong at once', async () => {
    const world = await World.make();
    await expect(world.volumes().create(wanted('a/b', { nonsense: '1' }))).rejects.toThrow(/slashes[\s\S]*nonsense/);
  });

  it('are one of a name in a pool, and are not found once deleted', async () => {
    const world = await World.make();
    const volumes = world.volumes();
    await succeeded(await volumes.create(wanted('v', { 'user.a': '1' })));
    await expect(volumes.create(wanted('v'))).rejects.toThrow('Volume by that name already exists');
    await succeeded(await volumes.create(wanted('w')));
    await expect(volumes.rename(named('v'), 'w')).rejects.toThrow('Volume by that name already exists');
    await volumes.update(named('v'), ({ config }) => ({ description: 'd', config: { ...config, 'user.b': '2' } }));
    expect(await volumes.get(named('v'))).toMatchObject({ description: 'd', config: { 'user.a': '1', 'user.b': '2' } });
    await expect(volumes.update(named('v'), () => ({ config: { size: '1GiB' } }))).rejects.toThrow('"size"');
    await succeeded(await volumes.copy({ ...named('v', 'two'), description: '', config: undefined }, named('v'), false));
    expect(await volumes.get(named('v', 'two'))).toMatchObject({ description: 'd', config: { 'user.a': '1', 'user.b': '2' } });
    await succeeded(await volumes.delete(named('v')));
    await expect(volumes.get(named('v'))).rejects.toThrow('Storage pool volume not found');
    await expect(volumes.get(named('v', 'three'))).rejects.toThrow('Storage pool not found');
    expect([await world.there('one'), await world.there('two')]).toEqual([['w'], ['v']]);
    expect(world.reported).toEqual([]);
  });

  it('hold their pool', async () => {
    const world = await (await World.make()).withVolume();
    await expect(world.storage.pools.delete('one')).rejects.toThrow('currently in use');
  });

  it('have their links put in order at the start', async () => {
    const world = await (await World.make()).withVolume();
    await rm(world.path('one', 'custom', 'default_v'));
    await writeFile(world.path('one', 'custom', 'stray'), '');
    await world.storage.prepare();
    expect(await world.there('one')).toEqual(['v']);
  });

  it('tell what they occupy', async () => {
    const world = await (await World.make()).withVolume();
    await writeFile(world.path('one', 'volumes', ids.v, 'data', 'big'), Buffer.alloc(1 << 20, 1));
    expect(await world.volumes().usage(named('v'))).toEqual({ used: expect.toSatisfy((used) => used >= 1 << 20), total: 0 });
  });
});
