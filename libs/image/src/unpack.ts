import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { type ArchiveFormat, decompressors, formatOf } from './archive-format.ts';
import { run } from './command.ts';
import { watchSpace } from './space.ts';

/**
 * Owners by number, modes, ACLs and extended attributes as they are in the archive. overlay's own attributes are left
 * out: in a lower layer they would be read as the kernel's.
 */
const tarFlags = [
  '--numeric-owner',
  '--same-owner',
  '--same-permissions',
  '--delay-directory-restore',
  '--acls',
  '--xattrs',
  '--xattrs-include=*',
  '--xattrs-exclude=trusted.overlay.*',
  '--xattrs-exclude=user.overlay.*',
  '--warning=no-timestamp',
  '--warning=no-unknown-keyword',
  '--anchored',
];

/** Writes metadata.yaml, templates/ and rootfs/ of a checked image into an empty directory. LxError 'image.unpack_failed'. */
export async function unpackImage(files: { image: string; rootfs: string | null }, directory: string, outer?: AbortSignal): Promise<void> {
  const root = join(directory, 'rootfs');
  using space = await watchSpace(directory);
  const signal = outer ? AbortSignal.any([outer, space.signal]) : space.signal;
  try {
    if (files.rootfs === null) {
      await unpackArchive(files.image, directory, ['rootfs/dev/*', './rootfs/dev/*'], signal);
    } else {
      await unpackArchive(files.image, directory, ['rootfs', './rootfs'], signal);
      await mkdir(root, { mode: 0o755 });
      await unpackArchive(files.rootfs, root, ['dev/*', './dev/*'], signal);
    }
  } catch (problem) {
    if (problem instanceof LxError) throw problem;
    if (await space.isFull()) throw new LxError('image.no_space', undefined, { cause: problem });
    if (outer?.aborted) throw new LxError('image.cancelled', undefined, { cause: problem });
    throw new LxError('image.unpack_failed', { reason: (problem as Error).message }, { cause: problem });
  }
  const foreign = (await readdir(directory)).filter((name) => !['metadata.yaml', 'templates', 'rootfs'].includes(name));
  for (const name of foreign) await rm(join(directory, name), { recursive: true, force: true });
  await finishTree(root);
}

/** dev/ is empty (the instance gets its own), and the mount points that every instance needs are there. */
export async function finishTree(root: string): Promise<void> {
  if (!(await lstat(root)).isDirectory()) throw new LxError('image.unpack_failed', { reason: 'rootfs is not a directory' });
  for (const name of ['dev', 'proc', 'sys']) {
    await mkdir(join(root, name), { mode: 0o755 }).catch((problem: NodeJS.ErrnoException) => {
      if (problem.code !== 'EEXIST') throw problem;
    });
  }
  const dev = join(root, 'dev');
  if (!(await lstat(dev)).isDirectory()) return;
  for (const name of await readdir(dev)) await rm(join(dev, name), { recursive: true, force: true });
}

async function unpackArchive(archive: string, directory: string, exclude: readonly string[], signal?: AbortSignal): Promise<void> {
  const format = await formatOf(archive);
  if (format === 'squashfs') await run('unsquashfs', ['-q', '-n', '-f', '-d', directory, archive], { signal });
  else
    await run(
      'tar',
      ['-C', directory, ...tarFlags, ...exclude.map((pattern) => `--exclude=${pattern}`), ...decompressor(format), '-xf', archive],
      { signal },
    );
}

/** tar runs the program itself, so that the bytes go from pipe to pipe. It adds `-d`. */
function decompressor(format: Exclude<ArchiveFormat, 'squashfs'>): string[] {
  return format === 'tar' ? [] : ['-I', decompressors[format].filter((word) => word !== '-d').join(' ')];
}
