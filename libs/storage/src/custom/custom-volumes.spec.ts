import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { OperationEngine, succeeded } from '#lib/engine';
import { resumesFromEveryStep, run, stepsAreIdempotent, unwindsFromEveryStep } from '../../../engine/src/testing.ts';
import { MemoryStore } from '../../../store/src/fake/index.ts';
import { PoolStorage } from '../pool-storage.ts';
import { unprobedDrivers } from '../testing.ts';
import { CustomVolumes } from './custom-volumes.ts';
import { type DeleteVolumeParams, type MakeParams, type MoveParams, type RenameVolumeParams, volumeOperations } from './operations.ts';

const ids = { v: '00000000-0000-4000-8000-00000000000a', w: '00000000-0000-4000-8000-00000000000b' };
const worlds: string[] = [];

/** Two pools on a directory of its own; `v` holds a file and `w` is free. */
class World {
  readonly reported: unknown[] = [];

  private constructor(
    readonly dir: string,
    readonly store: MemoryStore,
    readonly storage: PoolStorage,
  ) {}

  static async make(): Promise<World> {
    const dir = await mkdtemp('/tmp/lxctl-custom-');
    worlds.push(dir);
    const store = new MemoryStore();
    const storage = new PoolStorage({ stateDir: dir, store, drivers: unprobedDrivers });
    for (const [name, driver] of [
      ['one', 'overlay'],
      ['two', 'dir'],
    ] as const)
      await storage.pools.create({ name, driver, description: '', config: {} });
    return new World(dir, store, storage);
  }

  get operations() {
    return volumeOperations({ store: this.store, places: this.storage.customPlaces, report: (_, cause) => this.reported.push(cause) });
  }

  volumes(): CustomVolumes {
    const engine = new OperationEngine({ store: this.store, report: ({ error }) => this.reported.push(error) });
    return new CustomVolumes({
      store: this.store,
      engine,
      places: this.storage.customPlaces,
      lockOf: ({ name }) => `instance:${name}`,
      report: (_, cause) => this.reported.push(cause),
    });
  }

  async poolId(name: string): Promise<string> {
    return (await this.storage.pools.get(name)).id;
  }

  path(pool: string, ...rest: string[]): string {
    return join(this.dir, 'storage-pools', pool, ...rest);
  }

  async withVolume(): Promise<this> {
    const view = await run(this.operations.create, { store: this.store, params: await this.newVolume('v') });
    expect(view.status_code).toBe(200);
    await mkdir(this.path('one', 'volumes', ids.v, 'data', 'etc'));
    await writeFile(this.path('one', 'volumes', ids.v, 'data', 'etc', 'motd'), 'mine');
    return this;
  }

  async newVolume(name: 'v' | 'w', pool = 'one', from: MakeParams['from'] = null): Promise<MakeParams> {
    return { id: ids[name], poolId: await this.poolId(pool), project: 'default', name, description: '', config: {}, from };
  }

  /** Rows, directories and links, which always say the same. */
  async there(pool: string): Promise<string[]> {
    const rows = await this.store.volumes.list(await this.poolId(pool));
    const links = await readdir(this.path(pool, 'custom'));
    expect(await readdir(this.path(pool, 'unpacking'))).toEqual([]);
    expect((await readdir(this.path(pool, 'volumes'))).sort()).toEqual(rows.map(({ id }) => id).sort());
    expect(links.sort()).toEqual(rows.map(({ name }) => `default_${name}`).sort());
    for (const { id, name } of rows)
      expect(await realpath(this.path(pool, 'custom', `default_${name}`))).toBe(this.path(pool, 'volumes', id));
    return rows.map(({ name }) => name).sort();
  }

  content(pool: string, id: string): Promise<string> {
    return readFile(this.path(pool, 'volumes', id, 'data', 'etc', 'motd'), 'utf8');
  }
}

const ready = async <P>(world: World, params: P | Promise<P>) => Object.assign(world, { params: await params });

afterEach(async () => {
  for (const dir of worlds.splice(0)) await rm(dir, { recursive: true, force: true });
});

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
    const world = await (await World.make()).withVolume();
    return ready<MakeParams>(world, world.newVolume('w', 'two', { poolId: await world.poolId('one'), id: ids.v }));
  };
  const spec = ({ operations }: World) => operations.copy;
  const clean = async (world: World) => {
    expect([await world.there('one'), await world.there('two')]).toEqual([['v'], []]);
    expect(await world.content('one', ids.v)).toBe('mine');
  };

  it('leaves the first volume alone, wherever it is cut off', () => unwindsFromEveryStep(spec, setup, clean));
  it('may run twice', () =>
    stepsAreIdempotent(
      spec,
      setup,
      async (world) => {
        expect([await world.there('one'), await world.there('two')]).toEqual([['v'], ['w']]);
        expect(await world.content('two', ids.w)).toBe('mine');
      },
      clean,
    ));
});

describe('volume.rename', () => {
  const setup = async () => {
    const world = await (await World.make()).withVolume();
    const poolId = await world.poolId('one');
    return ready<RenameVolumeParams>(world, { id: ids.v, poolId, project: 'default', name: 'v', newName: 'w', pool: 'one', users: [] });
  };
  const spec = ({ operations }: World) => operations.rename;
  const done = async (world: World) => {
    expect(await world.there('one')).toEqual(['w']);
    expect(await world.content('one', ids.v)).toBe('mine');
  };

  it('is finished, wherever it is cut off', () => resumesFromEveryStep(spec, setup, done));
  it('may run twice', () => stepsAreIdempotent(spec, setup, done));
});

describe('volume.move', () => {
  const setup = async () => {
    const world = await (await World.make()).withVolume();
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
    });
  };
  const spec = ({ operations }: World) => operations.move;
  const done = async (world: World) => {
    expect([await world.there('one'), await world.there('two')]).toEqual([[], ['w']]);
    expect(await world.content('two', ids.v)).toBe('mine');
  };

  it('is finished, wherever it is cut off', () => resumesFromEveryStep(spec, setup, done));
  it('may run twice', () => stepsAreIdempotent(spec, setup, done));
  it('leaves the volume where it was when the name is taken meanwhile', async () => {
    const world = await setup();
    const other = await run(world.operations.create, { store: world.store, params: await world.newVolume('w', 'two') });
    expect(other.status_code).toBe(200);
    const view = await run(world.operations.move, world);
    expect(view.err).toBe('Volume by that name already exists');
    expect([await world.there('one'), await world.there('two')]).toEqual([['v'], ['w']]);
    expect(await world.content('one', ids.v)).toBe('mine');
  });
});

describe('volume.delete', () => {
  const setup = async () => {
    const world = await (await World.make()).withVolume();
    return ready<DeleteVolumeParams>(world, { id: ids.v, poolId: await world.poolId('one'), project: 'default', name: 'v' });
  };
  const spec = ({ operations }: World) => operations.delete;
  const done = async (world: World) => expect(await world.there('one')).toEqual([]);

  it('is finished, wherever it is cut off', () => resumesFromEveryStep(spec, setup, done));
  it('may run twice', () => stepsAreIdempotent(spec, setup, done));
});

describe('custom volumes', () => {
  const named = (name: string, pool = 'one') => ({ pool, project: 'default', name });
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
    ['an option that nothing would act on', 'v', { size: '1GiB' }, 'not supported by this server: "size"'],
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
    await succeeded(await volumes.copy({ ...named('v', 'two'), description: '', config: undefined }, named('v')));
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
    expect(await world.volumes().usage(named('v'))).toBeGreaterThanOrEqual(1 << 20);
  });
});
