import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { StringMap } from '#lib/base';
import { customVolumeKeys, isLxError, LxError, readKey } from '#lib/contract';
import { dropLink, exists, isErrno, makeDirectory, pointLink, programOutput, removeOpenTree, removeTree } from '#lib/host';
import { exchange } from '../exchange.ts';
import type { Linked } from '../layout.ts';
import { noQuota, type OpenPool } from '../open-pool.ts';
import type { OpenPools } from '../open-pools.ts';

/** Where one volume has its data. */
export type VolumePlace = { poolId: string; id: string };

/**
 * The data of custom volumes: trees of the kind that the pool's driver has, since a volume stands on nothing else. What is
 * in `volumes/<id>/data` is its instances' affair, the directory round it the server's.
 *
 * INVARIANT: `volumes/<id>` is whole, because it comes and goes by rename.
 */
export class CustomPlaces {
  readonly #open: OpenPools;

  constructor(open: OpenPools) {
    this.#open = open;
  }

  /** The directory that is mounted. */
  async data({ poolId, id }: VolumePlace): Promise<string> {
    return dataOf(await this.#open.withId(poolId), id);
  }

  /** An empty volume. Idempotent. */
  make(place: VolumePlace): Promise<void> {
    return this.#arrive(place, (data, pool) => pool.kind.make(data, 0o711));
  }

  /** A volume like the one at `from`. Idempotent. */
  async copy(from: VolumePlace, to: VolumePlace): Promise<void> {
    const source = await this.#pool(from);
    await this.#arrive(to, async (data, pool) => {
      if (!(await exists(source.layout.volume(from.id)))) throw new LxError('volume.not_found');
      await pool.kind.copy(dataOf(source, from.id), data);
    });
  }

  /**
   * Makes volumes of whole trees: `make` puts those into a directory of the pool, which goes when it is done, and tells whose is
   * which. One that is there already stays. Idempotent.
   */
  async fill(poolId: string, make: (directory: string) => Promise<readonly { id: string; tree: string }[]>): Promise<void> {
    const { layout } = await this.#pool({ poolId });
    const arriving = join(layout.unpacking, randomUUID());
    try {
      await makeDirectory(arriving);
      for (const { id, tree } of await make(arriving)) {
        await this.#arrive({ poolId, id }, async (data, { kind }) => {
          await kind.take(tree);
          await rename(tree, data);
        });
      }
    } finally {
      await removeTree(arriving);
    }
  }

  /**
   * Idempotent; what was in a pool that is deleted went with it. When a guest that still writes to it is faster, it rejects,
   * and what is left goes when the daemon starts anew.
   */
  async remove(place: VolumePlace): Promise<void> {
    const pool = await this.#pool(place).catch((error: unknown) => {
      if (isLxError(error, 'pool.not_found')) return null;
      throw error;
    });
    if (pool === null) return;
    const { layout } = pool;
    const going = join(layout.unpacking, place.id);
    await rename(layout.volume(place.id), going).catch((error: unknown) => {
      if (!isErrno(error, 'ENOENT')) throw error;
    });
    await removeOpenTree(going);
  }

  /** Makes what is to be the volume's content, of its snapshot: `exchange` puts it in place, `unstage` gives it up. Idempotent. */
  async stage(snapshot: VolumePlace, volume: VolumePlace): Promise<void> {
    const pool = await this.#pool(volume);
    const staged = stagedAt(pool, snapshot, volume);
    await removeTree(staged);
    if (!(await exists(pool.layout.volume(snapshot.id)))) throw new LxError('volume.snapshot_not_found');
    await makeDirectory(staged);
    await pool.kind.copy(dataOf(pool, snapshot.id), join(staged, 'data'));
  }

  /** Gives a volume that nothing has mounted what was staged, all of it or nothing. What it held is removed by what is returned. */
  async exchange(snapshot: VolumePlace, volume: VolumePlace): Promise<() => Promise<void>> {
    const pool = await this.#pool(volume);
    const old = await exchange(pool.layout, stagedAt(pool, snapshot, volume), pool.layout.volume(volume.id));
    return () => removeOpenTree(old);
  }

  async unstage(snapshot: VolumePlace, volume: VolumePlace): Promise<void> {
    await removeTree(stagedAt(await this.#pool(volume), snapshot, volume));
  }

  async link(poolId: string, volume: Linked): Promise<void> {
    const { layout } = await this.#pool({ poolId, id: volume.id });
    await pointLink(...layout.customLink(volume));
  }

  async unlink(poolId: string, volume: Linked): Promise<void> {
    const { layout } = await this.#pool({ poolId, id: volume.id });
    await dropLink(...layout.customLink(volume));
  }

  /** Has its config's size in force. Whether it has one. LxError 'pool.no_quota'. */
  async bound(place: VolumePlace, config: StringMap): Promise<boolean> {
    const pool = await this.#pool(place);
    const bytes = sizeOf(config);
    await pool.bound(dataOf(pool, place.id), bytes);
    return bytes !== null;
  }

  /** What of a config the pool cannot honour. */
  async problems(poolId: string, config: StringMap): Promise<string[]> {
    const { row, driver } = await this.#open.withId(poolId);
    return sizeOf(config) !== null && !driver.quota ? [noQuota(row).message] : [];
  }

  /** Bytes that the volume occupies; where the driver does not count them it is walked. */
  async usage(place: VolumePlace): Promise<number> {
    const pool = await this.#pool(place);
    const data = dataOf(pool, place.id);
    const counted = await pool.driver.quota?.usage(data);
    if (typeof counted === 'number') return counted;
    const printed = await programOutput('du', ['--summarize', '--one-file-system', '--block-size=1', '--', data], 64 * 1024);
    return Number.parseInt(printed, 10);
  }

  async #arrive(place: VolumePlace, fill: (data: string, pool: OpenPool) => Promise<void>): Promise<void> {
    const pool = await this.#pool(place);
    const { layout } = pool;
    if (await exists(layout.volume(place.id))) return;
    const arriving = join(layout.unpacking, place.id);
    await removeTree(arriving);
    await makeDirectory(arriving);
    await fill(join(arriving, 'data'), pool);
    await rename(arriving, layout.volume(place.id));
  }

  async #pool({ poolId }: { poolId: string; id?: string }): Promise<OpenPool> {
    const pool = await this.#open.withId(poolId);
    await pool.prepare();
    return pool;
  }
}

/** Bytes that a volume may take; null: any number. */
export function sizeOf(config: StringMap): number | null {
  return readKey(customVolumeKeys, config, 'size') || null;
}

function stagedAt({ layout }: OpenPool, snapshot: VolumePlace, volume: VolumePlace): string {
  return join(layout.unpacking, `${volume.id}.${snapshot.id}`);
}

function dataOf({ layout }: OpenPool, id: string): string {
  return join(layout.volume(id), 'data');
}
