import { chmod, mkdir, open, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { delay } from '#lib/base';
import { btrfsPoolKeys, isLxError, LxError, readKey } from '#lib/contract';
import {
  btrfsOn,
  btrfsUuid,
  deviceOfBtrfs,
  exists,
  growBtrfs,
  isErrno,
  mountFilesystem,
  runProgram,
  unmountFilesystem,
  wipeBtrfs,
} from '#lib/host';
import type { Medium, MediumRole } from '../../driver.ts';

/** mkfs.btrfs only writes the trees of an empty file system. */
const mkfsPatienceMs = 120_000;

export const btrfsMedium: MediumRole = {
  options: (config) => readKey(btrfsPoolKeys, config, 'btrfs.mount_options') as unknown as string[],

  async make(medium) {
    if ((await btrfsOn(medium.source)) === medium.id) return;
    if (medium.size === null) return format(medium, medium.source);
    if (await exists(medium.source)) throw unusable(medium, 'the file is there already');
    const made = unfinished(medium);
    await mkdir(dirname(made), { recursive: true, mode: 0o700 });
    await rm(made, { force: true });
    const file = await open(made, 'wx', 0o600);
    await file.truncate(medium.size).finally(() => file.close());
    await format(medium, made);
    await rename(made, medium.source);
  },

  async isMounted(medium, directory) {
    const found = await btrfsUuid(directory).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return null;
      throw error;
    });
    return found === medium.id;
  },

  async mount(medium, directory) {
    if (await btrfsMedium.isMounted(medium, directory)) return;
    await mkdir(directory, { recursive: true, mode: 0o711 });
    const source = await found(medium);
    try {
      await mountFilesystem({ source, type: 'btrfs', target: directory, options: medium.options });
    } catch (error) {
      throw unusable(medium, (error as Error).message, error);
    }
    await chmod(directory, 0o711);
  },

  async unmount(medium, directory) {
    // Again while it is there: an operator may have mounted it over itself.
    while ((await exists(directory)) && (await btrfsMedium.isMounted(medium, directory))) await unmountFilesystem(directory);
  },

  async unmake(medium) {
    if (medium.size === null) return wiped(medium);
    await rm(unfinished(medium), { force: true });
    if ((await btrfsOn(medium.source)) === medium.id) await rm(medium.source, { force: true });
  },

  async grow(medium, directory) {
    if (medium.size !== null && (await stat(medium.source)).size < medium.size) await truncate(medium.source, medium.size);
    await growBtrfs(directory);
  },
};

/**
 * The kernel ends the mounts of an instance a moment after the instance, and the file system after the last of them, without a word.
 * A guest that keeps one of a volume that was taken from it is not waited for: the device is free when it ends.
 */
async function wiped({ source, id }: Medium): Promise<void> {
  for (let wait = 1; wait < 2048; wait *= 2) {
    if (await wipeBtrfs(source, id)) return;
    await delay(wait);
  }
}

/** The file until it has its file system. Nobody else's: it has the pool's id. */
const unfinished = ({ source, id }: Medium) => `${source}.${id}`;

/** Devices get other names when the machine starts anew. */
async function found(medium: Medium): Promise<string> {
  if ((await btrfsOn(medium.source)) === medium.id) return medium.source;
  const other = medium.size === null ? await deviceOfBtrfs(medium.id) : null;
  if (other === null) throw unusable(medium, 'it does not have the file system of the pool');
  return other;
}

/** mkfs.btrfs itself refuses a device that has a file system or partitions, or is mounted. */
async function format({ id, label, ...medium }: Medium, path: string): Promise<void> {
  try {
    await runProgram('mkfs.btrfs', ['--quiet', '--uuid', id, '--label', label, path], { timeoutMs: mkfsPatienceMs, tellingLine: 'first' });
  } catch (error) {
    if (isLxError(error, 'program.missing')) throw error;
    const words = (error as Error).message
      .replace(/^ERROR: /, '')
      .replaceAll(`'${path}'`, 'it')
      .replaceAll(path, 'it');
    throw unusable(medium, `mkfs.btrfs refuses it: ${words}`, error);
  }
}

function unusable({ source }: Pick<Medium, 'source'>, reason: string, cause?: unknown): LxError<'pool.unusable'> {
  return new LxError('pool.unusable', { path: source, reason }, { cause });
}
