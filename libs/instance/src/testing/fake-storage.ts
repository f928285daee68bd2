import { LxError } from '#lib/contract';
import { errnoError } from '#lib/host';
import type { RootRecipe, RootVolume, Storage } from '#lib/storage';
import type { New, PoolRow, Store, VolumeRow } from '#lib/store';

/** The part of Storage that instances use, in memory: roots by directory name, images by pool. */
export class FakeStorage
  implements
    Pick<
      Storage,
      'pool' | 'volumeRow' | 'ensureImage' | 'createRoot' | 'deleteRoot' | 'renameRoot' | 'rootRecipe' | 'rootUsage' | 'rootDirectory'
    >
{
  /** `<pool>/<instance>` to the image below it. */
  readonly roots = new Map<string, string | null>();
  /** `<pool>/<fingerprint>`. */
  readonly images = new Set<string>();

  constructor(private readonly store: Store) {}

  async pool(name: string): Promise<PoolRow> {
    const row = await this.store.pools.get(name);
    if (!row) throw new LxError('pool.not_found');
    return row;
  }

  async volumeRow(volume: RootVolume, image: string | null): Promise<New<VolumeRow, 'id' | 'createdAt'>> {
    const { id: poolId } = await this.pool(volume.pool);
    const config: Record<string, string> = image === null ? {} : { 'volatile.image': image };
    const named = { poolId, project: volume.project, name: volume.instance, description: '', config };
    return { ...named, type: 'container', contentType: 'filesystem' };
  }

  async ensureImage(pool: string, fingerprint: string, unpack: (directory: string) => Promise<void>): Promise<void> {
    const place = `${pool}/${fingerprint}`;
    if (this.images.has(place)) return;
    await unpack(`/fake/${place}`);
    this.images.add(place);
  }

  async createRoot(volume: RootVolume, image: string | null): Promise<void> {
    await this.pool(volume.pool);
    if (image !== null && !this.images.has(`${volume.pool}/${image}`)) throw new LxError('image.not_found');
    this.roots.set(keyOf(volume), image);
  }

  async deleteRoot(volume: RootVolume): Promise<void> {
    await this.pool(volume.pool);
    this.roots.delete(keyOf(volume));
  }

  /** As rename(2) of directories: one that is not empty is not replaced. */
  async renameRoot(volume: RootVolume, newName: string): Promise<void> {
    const [from, to] = [keyOf(volume), keyOf({ ...volume, instance: newName })];
    if (!this.roots.has(from) && this.roots.has(to)) return;
    if (!this.roots.has(from)) throw errnoError('ENOENT', 'rename', from);
    if (this.roots.has(to)) throw errnoError('ENOTEMPTY', 'rename', to);
    this.roots.set(to, this.roots.get(from) ?? null);
    this.roots.delete(from);
  }

  async rootRecipe(volume: RootVolume, image: string | null): Promise<RootRecipe> {
    if (!this.roots.has(keyOf(volume))) throw errnoError('ENOENT', 'open_tree', keyOf(volume));
    const layer = (path: string, readonly: boolean) => ({ path, idmapped: true, readonly, optional: false });
    return {
      layers: [layer(`/fake/${volume.pool}/${image ?? 'empty'}`, true), layer(`/fake/${keyOf(volume)}`, false)],
      root: { kind: 'overlay', lower: [0], upper: 1 },
    };
  }

  async rootUsage(): Promise<number | null> {
    return 4096;
  }

  async rootDirectory(volume: RootVolume): Promise<string> {
    return `/fake/${keyOf(volume)}`;
  }
}

function keyOf(volume: RootVolume): string {
  return `${volume.pool}/${volume.instance}`;
}
