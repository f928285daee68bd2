import { stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBytes, type StringMap } from '#lib/base';
import { LxError, refuse } from '#lib/contract';
import type { PoolRow } from '#lib/store';
import type { Medium, StorageDriver } from './driver.ts';
import { choosePlace, defaultPlace, makeOwnPlace } from './pool-place.ts';

/** Where a pool is. */
export interface PoolSite {
  directory: string;
  /** Whether the directory is the server's own, and goes with the pool. */
  own: boolean;
  /** The file system that is mounted there; null: it is a part of another one. */
  medium: Medium | null;
}

type Named = Pick<PoolRow, 'id' | 'name' | 'config'>;

const gibibyte = 1024 ** 3;

/** The file of a pool that has one. */
function fileOf(stateDir: string, pool: string): string {
  return join(stateDir, 'disks', `${pool}.img`);
}

const isDevice = (source: string) => source.startsWith('/dev/');

export function siteOf(stateDir: string, { id, name, config }: Named, driver: StorageDriver): PoolSite {
  const { source = '' } = config;
  const own = defaultPlace(stateDir, name);
  const file = source === fileOf(stateDir, name);
  if (!driver.medium || !(file || isDevice(source))) return { directory: source, own: source === own, medium: null };
  const size = file ? (parseBytes(config.size ?? '') ?? 0) : null;
  return { directory: own, own: true, medium: { id, label: name, source, size, options: driver.medium.options(config) } };
}

/** The config of a new pool, which says where it is to be. Only looks. LxError 'pool.unusable'. */
export async function chooseSite(
  stateDir: string,
  { name, config }: Named,
  driver: StorageDriver,
  pools: readonly PoolRow[],
): Promise<StringMap> {
  const { source = '' } = config;
  if (!driver.medium || (source !== '' && !isDevice(source))) {
    refuse(foreignKeys(config).map((key) => `The "${key}" property is for pools with a file system of their own`));
    return { ...config, source: await choosePlace(stateDir, name, source, pools) };
  }
  // Where it will be mounted.
  await choosePlace(stateDir, name, undefined, pools);
  if (source === '') return { ...config, source: fileOf(stateDir, name), size: config.size ?? (await usualSize(stateDir)) };
  refuse(config.size ? ['The "size" property is for pools on a file of the server'] : []);
  await refuseOthers(source, pools);
  return config;
}

const foreignKeys = (config: StringMap) => ['size', 'btrfs.mount_options'].filter((key) => config[key]);

/** A fifth of what is free, within bounds. */
async function usualSize(stateDir: string): Promise<string> {
  const { bavail, bsize } = await statfs(stateDir);
  return `${Math.min(30, Math.max(5, Math.floor((bavail * bsize) / 5 / gibibyte)))}GiB`;
}

async function refuseOthers(source: string, pools: readonly PoolRow[]): Promise<void> {
  const unusable = (reason: string, cause?: unknown) => new LxError('pool.unusable', { path: source, reason }, { cause });
  const info = await stat(source).catch((error: unknown) => {
    throw unusable('the device does not exist', error);
  });
  if (!info.isBlockDevice()) throw unusable('it is not a block device');
  const taken = pools.find((pool) => pool.config.source === source);
  if (taken) throw unusable(`the pool "${taken.name}" is there`);
}

/** Makes what is not there of it: the server's own directory; the file system, which it mounts. Idempotent. */
export async function makeSite({ medium, directory, own }: PoolSite, driver: StorageDriver): Promise<void> {
  if (own) await makeOwnPlace(directory);
  if (medium === null) return;
  await driver.medium?.make(medium);
  await driver.medium?.mount(medium, directory);
}

/** Mounts the file system, if the pool has one of its own, and lets it fill its file, which may have grown when a daemon was killed. */
export async function openSite({ medium, directory }: PoolSite, driver: StorageDriver): Promise<void> {
  if (medium === null) return;
  await driver.medium?.mount(medium, directory);
  if (medium.size !== null) await driver.medium?.grow(medium, directory);
}

/** Whether it had one: then nothing of the pool is anywhere any more. */
export async function unmakeSite({ medium, directory }: PoolSite, driver: StorageDriver): Promise<boolean> {
  if (medium === null) return false;
  await driver.medium?.unmount(medium, directory);
  await driver.medium?.unmake(medium);
  return true;
}
