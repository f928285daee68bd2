import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../errno.ts';

/** Where a device or file has the copies of its superblock, in bytes (btrfs(5)); a small one lacks the later ones. */
const copies = [64 * 1024, 64 * 1024 ** 2, 256 * 1024 ** 3];
/** In a superblock, in bytes. */
const uuidAt = 0x20;
const magicAt = 0x40;
const magic = '_BHRfS_M';

/** UUID of the btrfs that a block device or file has, mounted or not; null: it has none, or is not there. */
export async function btrfsOn(path: string): Promise<string | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return await uuidIn(file, copies[0] ?? 0);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENXIO', 'ENOMEDIUM', 'ENODEV')) return null;
    throw error;
  }
}

/** The block device of this host that has the btrfs; null: none. */
export async function deviceOfBtrfs(uuid: string): Promise<string | null> {
  const names = (await readFile('/proc/partitions', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/)[3]);
  for (const name of names) {
    if (!name || name === 'name') continue;
    const path = join('/dev', name.replaceAll('!', '/'));
    if ((await btrfsOn(path).catch(() => null)) === uuid) return path;
  }
  return null;
}

/**
 * Makes a block device one without a file system again, if it has this one. While that is mounted somewhere it stays: resolves to
 * false then.
 */
export async function wipeBtrfs(path: string, uuid: string): Promise<boolean> {
  if ((await btrfsOn(path)) !== uuid) return true;
  try {
    // Of a block device, O_EXCL alone says: unless it is in use (open(2)).
    const file = await open(path, constants.O_RDWR | constants.O_EXCL);
    try {
      for (const at of copies)
        if ((await uuidIn(file, at)) === uuid) await file.write(Buffer.alloc(magic.length), 0, magic.length, at + magicAt);
      await file.sync();
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (isErrno(error, 'EBUSY')) return false;
    throw error;
  }
}

async function uuidIn(file: FileHandle, at: number): Promise<string | null> {
  const block = Buffer.alloc(magicAt + magic.length);
  const { bytesRead } = await file.read(block, 0, block.length, at);
  if (bytesRead < block.length || block.toString('latin1', magicAt) !== magic) return null;
  const hex = block.toString('hex', uuidAt, uuidAt + 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
