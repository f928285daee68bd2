import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { LxError } from '#lib/contract';
import { readHead } from './archive-format.ts';
import type { Contents } from './archive-rules.ts';
import { output, start } from './command.ts';
import { metadataLimit } from './metadata.ts';

/**
 * Checks a squashfs. Its names are single components by nature, and unsquashfs refuses `..` and slashes in them, so what
 * is left to check is that it is whole, and its device nodes. Returns the text of metadata.yaml for a unified image.
 */
export async function checkSquashfs(path: string, contents: Contents, signal?: AbortSignal): Promise<string | null> {
  const head = await readHead(path, 96);
  // Superblock: bytes_used is a little-endian u64 at offset 40 (squashfs_fs.h).
  const needed = head.length === 96 ? Number(head.readBigUInt64LE(40)) : Number.POSITIVE_INFINITY;
  if (needed > (await stat(path)).size) throw new LxError('image.invalid', { reason: 'the squashfs is cut short' });
  await checkMembers(path, contents, signal);
  if (contents !== 'unified') return null;
  try {
    return await output('unsquashfs', ['-cat', path, 'metadata.yaml'], metadataLimit, { signal });
  } catch (problem) {
    if (problem instanceof LxError) throw problem;
    return null;
  }
}

async function checkMembers(path: string, contents: Contents, signal?: AbortSignal): Promise<void> {
  const top = 'squashfs-root/';
  const root = contents === 'unified' ? `${top}rootfs/` : top;
  const running = start('unsquashfs', ['-lln', path], { stdio: ['ignore', 'pipe'], signal });
  let members = 0;
  let refused: string | null = null;
  if (running.stdout) {
    for await (const line of createInterface({ input: running.stdout })) {
      // -rw-r--r-- 0/0   1024 2023-01-01 00:00 squashfs-root/etc/motd
      const at = line.indexOf(` ${top}`);
      if (at === -1) continue;
      const name = line.slice(at + 1);
      if (name.startsWith(root)) members++;
      if (/^[bc]/.test(line) && !name.startsWith(`${root}dev/`)) refused ??= name.slice(top.length);
    }
  }
  try {
    await running.done;
  } catch (problem) {
    if (problem instanceof LxError) throw problem;
    throw new LxError('image.invalid', { reason: `the squashfs is damaged (${(problem as Error).message})` }, { cause: problem });
  }
  if (refused !== null)
    throw new LxError('image.invalid', { reason: `the member ${JSON.stringify(refused)} is a device node outside dev/` });
  if (members === 0)
    throw new LxError('image.invalid', {
      reason: contents === 'unified' ? 'it holds no directory rootfs' : 'the root file system is empty',
    });
}
