import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Arrivals } from '#lib/archive';
import { OperationEngine } from '#lib/engine';
import { type Confinement, OpenConfinement } from '#lib/host';
import { run } from '../../../engine/src/testing.ts';
import { MemoryStore } from '../../../store/src/fake/index.ts';
import { volumeBackupFiles } from '../custom/backup/volume-backups.ts';
import { CustomVolumes } from '../custom/custom-volumes.ts';
import { type MakeParams, volumeOperations } from '../custom/operations.ts';
import type { SnapshotParams } from '../custom/snapshot-operations.ts';
import { PoolStorage } from '../pool-storage.ts';
import { quietEngine, unprobedDrivers } from '../testing.ts';

export const ids = {
  v: '00000000-0000-4000-8000-00000000000a',
  w: '00000000-0000-4000-8000-00000000000b',
  s: '00000000-0000-4000-8000-00000000000c',
  t: '00000000-0000-4000-8000-00000000000d',
};
const worlds: string[] = [];

/** For `afterEach`. */
export async function removeCustomWorlds(): Promise<void> {
  for (const dir of worlds.splice(0)) await rm(dir, { recursive: true, force: true });
}

/** What `CustomVolumes` needs for backups, in a directory of a spec. */
export function archiveParts(dir: string) {
  return { backupsDir: join(dir, 'volume-backups'), arrivals: new Arrivals(join(dir, 'imports')), confinement: new OpenConfinement() };
}

/** Two pools on a directory of its own; `v` holds a file and `w` is free. */
export class CustomWorld {
  readonly reported: unknown[] = [];
  readonly arrivals: Arrivals;
  confinement: Confinement = new OpenConfinement();
  clock = '2026-01-02T03:04:05Z';

  private constructor(
    readonly dir: string,
    readonly store: MemoryStore,
    readonly storage: PoolStorage,
  ) {
    this.arrivals = new Arrivals(join(dir, 'imports'));
  }

  static async make(): Promise<CustomWorld> {
    const dir = await mkdtemp('/tmp/lxctl-custom-');
    worlds.push(dir);
    const store = new MemoryStore();
    const storage = new PoolStorage({ engine: quietEngine(store), stateDir: dir, store, drivers: unprobedDrivers });
    for (const [name, driver] of [
      ['one', 'overlay'],
      ['two', 'dir'],
    ] as const)
      await storage.pools.create({ name, driver, description: '', config: {} });
    return new CustomWorld(dir, store, storage);
  }

  get operations() {
    return volumeOperations({ ...this.#using, backupFiles: volumeBackupFiles(this.#using.backupsDir) });
  }

  get #using() {
    return {
      store: this.store,
      places: this.storage.customPlaces,
      report: (_: string, cause: unknown) => void this.reported.push(cause),
      ...archiveParts(this.dir),
      arrivals: this.arrivals,
      confinement: this.confinement,
    };
  }

  /** Of the volumes' backups: `<volume's id>/<backup's id>`. */
  async backupFiles(): Promise<string[]> {
    const directory = this.#using.backupsDir;
    const volumes = await readdir(directory).catch(() => []);
    return (await Promise.all(volumes.map(async (id) => (await readdir(join(directory, id))).map((file) => `${id}/${file}`)))).flat();
  }

  volumes(): CustomVolumes {
    const engine = new OperationEngine({ store: this.store, report: ({ error }) => this.reported.push(error) });
    return new CustomVolumes({
      ...this.#using,
      engine,
      lockOf: ({ name }) => `instance:${name}`,
      now: () => new Date(this.clock),
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

  /** `v` with a snapshot `s` of what it held when it held `was`. */
  async withSnapshot(): Promise<this> {
    await this.withVolume();
    const motd = this.path('one', 'volumes', ids.v, 'data', 'etc', 'motd');
    await writeFile(motd, 'was');
    const view = await run(this.operations.snapshot, { store: this.store, params: await this.newSnapshot() });
    expect(view.status_code).toBe(200);
    await writeFile(motd, 'mine');
    return this;
  }

  async newSnapshot(): Promise<SnapshotParams> {
    const snapshot = { id: ids.s, name: 's', description: '', config: {}, createdAt: '2026-01-02T03:04:05.000Z', expiresAt: null };
    return { id: ids.v, poolId: await this.poolId('one'), project: 'default', name: 'v', snapshot };
  }

  async newVolume(name: 'v' | 'w', pool = 'one', from: MakeParams['from'] = null): Promise<MakeParams> {
    return {
      id: ids[name],
      poolId: await this.poolId(pool),
      project: 'default',
      name,
      description: '',
      config: {},
      ...{ createdAt: null, from, snapshots: [] },
    };
  }

  /** Rows, directories and links, which always say the same. */
  async there(pool: string): Promise<string[]> {
    const rows = await this.store.volumes.list(await this.poolId(pool));
    const links = await readdir(this.path(pool, 'custom'));
    expect(await readdir(this.path(pool, 'unpacking'))).toEqual([]);
    expect((await readdir(this.path(pool, 'volumes'))).sort()).toEqual(rows.map(({ id }) => id).sort());
    const volumes = rows.filter(({ parentId }) => parentId === null);
    expect(links.sort()).toEqual(volumes.map(({ name }) => `default_${name}`).sort());
    for (const { id, name } of volumes)
      expect(await realpath(this.path(pool, 'custom', `default_${name}`))).toBe(this.path(pool, 'volumes', id));
    return rows.map(({ name }) => name).sort();
  }

  content(pool: string, id: string): Promise<string> {
    return readFile(this.path(pool, 'volumes', id, 'data', 'etc', 'motd'), 'utf8');
  }
}
