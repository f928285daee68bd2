import { LxError } from '#lib/contract';
import type { PoolRow } from '#lib/store';
import type { StorageDriver } from './driver.ts';
import { type ImageRecords, ImageTrees } from './image-trees.ts';
import { PoolLayout } from './layout.ts';
import { preparePlace } from './pool-place.ts';

/** A pool of this host: its row, driver and directories. */
export class OpenPool {
  readonly layout: PoolLayout;
  readonly trees: ImageTrees;
  ready = false;
  #preparing: Promise<void> | null = null;

  constructor(
    readonly row: PoolRow,
    readonly driver: StorageDriver,
    records: ImageRecords,
  ) {
    this.layout = new PoolLayout(row.config.source ?? '');
    this.trees = new ImageTrees(this.layout, driver.info.layered, records);
  }

  /** Once; again after it failed (the disk may have been mounted meanwhile). LxError 'pool.unusable'. */
  prepare(): Promise<void> {
    if (this.ready) return Promise.resolve();
    this.#preparing ??= this.#prepare().finally(() => {
      this.#preparing = null;
    });
    return this.#preparing;
  }

  async #prepare(): Promise<void> {
    try {
      await preparePlace(this.layout);
      await this.driver.pool.prepare(this.layout.directory);
      await this.trees.prepare();
      this.ready = true;
    } catch (problem) {
      throw new LxError('pool.unusable', { path: this.layout.directory, reason: (problem as Error).message }, { cause: problem });
    }
  }
}
