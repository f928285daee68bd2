import { open, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno } from '../errno.ts';
import { numbersOf } from './device-numbers.ts';

/** The whole disk, as `major:minor`, that holds what is at `path`; null: none does, or not one alone. */
export async function diskBelow(path: string): Promise<string | null> {
  const { dev } = await stat(path);
  const { major, minor } = numbersOf(dev);
  // Without a major number: a file system over several disks, or over none (btrfs(5), tmpfs(5)).
  const numbers = major === 0 ? await mountedFrom(path) : `${major}:${minor}`;
  return numbers && wholeDisk(numbers);
}

/** By the number of the mount that the path is in (proc_pid_fdinfo(5)): what it was mounted from. */
async function mountedFrom(path: string): Promise<string | null> {
  const file = await open(path, 'r');
  try {
    const [, id] = /^mnt_id:\s*(\d+)$/m.exec(await readFile(`/proc/self/fdinfo/${file.fd}`, 'utf8')) ?? [];
    const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
    const source = mounts
      .find((line) => line.startsWith(`${id} `))
      ?.split(' - ')[1]
      ?.split(' ')[1];
    if (!source?.startsWith('/')) return null;
    const info = await stat(source);
    if (!info.isBlockDevice()) return null;
    const { major, minor } = numbersOf(info.rdev);
    return `${major}:${minor}`;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  } finally {
    await file.close();
  }
}

/** Limits are for whole disks: the one that a partition is of. */
async function wholeDisk(numbers: string): Promise<string | null> {
  try {
    const own = await realpath(`/sys/dev/block/${numbers}`);
    await stat(join(own, 'partition'));
    return (await readFile(join(dirname(own), 'dev'), 'utf8')).trim();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return numbers;
    throw error;
  }
}
