import { lstat, mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { type ConfinedOptions, type Confinement, exists, makeDirectory, ProgramFailed, removeTree } from '#lib/host';
import { type ArchiveFormat, decompressors, formatOf } from './archive-format.ts';
import type { Tarball } from './check-tar.ts';
import { watchSpace } from './space.ts';

/**
 * Owners by number, modes and extended attributes as they are in the archive. Attributes that only the host's root may
 * write mean nothing in a guest; overlay's own are left out, for in a lower layer they would be read as the kernel's. ACLs come
 * as attributes, as LXD reads them too: GNU tar's other form of them (--acls) has names of users, which mean nothing here, and
 * asking for it would take away those that came as attributes.
 */
const tarFlags = [
  '--numeric-owner',
  '--same-owner',
  '--same-permissions',
  '--delay-directory-restore',
  '--xattrs',
  '--xattrs-include=user.*',
  '--xattrs-include=security.capability',
  '--xattrs-include=system.posix_acl_*',
  '--xattrs-exclude=user.overlay.*',
  '--warning=no-timestamp',
  '--warning=no-unknown-keyword',
  '--anchored',
];

/** What unsquashfs says of an attribute that only the host's root may write. */
const foreignAttribute = /^write_xattr: failed to write xattr (trusted|security)\..* because Operation not permitted$/;

/**
 * Writes metadata.yaml, templates/ and rootfs/ of a checked image into an empty directory. The programs that unpack are
 * confined: they belong to nobody on the host, make no device nodes and write nowhere else. LxError 'image.unpack_failed'.
 */
export async function unpackImage(
  files: { image: string; rootfs: string | null },
  directory: string,
  confinement: Confinement,
  outer?: AbortSignal,
): Promise<void> {
  const root = join(directory, 'rootfs');
  using space = await watchSpace(directory);
  const signal = outer ? AbortSignal.any([outer, space.signal]) : space.signal;
  try {
    if (files.rootfs === null) {
      await unpackArchive(files.image, directory, ['rootfs/dev/*'], confinement, signal);
    } else {
      await unpackArchive(files.image, directory, ['rootfs'], confinement, signal);
      await mkdir(root, { mode: 0o755 });
      await unpackArchive(files.rootfs, root, ['dev/*'], confinement, signal);
    }
    await confinement.inspect(directory, signal);
  } catch (error) {
    if (error instanceof LxError) throw error;
    if (await space.isFull()) throw new LxError('image.no_space', undefined, { cause: error });
    if (outer?.aborted) throw new LxError('image.cancelled', undefined, { cause: error });
    throw new LxError('image.unpack_failed', { reason: (error as Error).message }, { cause: error });
  }
  const foreign = (await readdir(directory)).filter((name) => !['metadata.yaml', 'templates', 'rootfs'].includes(name));
  for (const name of foreign) await removeTree(join(directory, name));
  await refuseTemplates(join(directory, 'templates'));
  await finishTree(root);
}

/** dev/ is empty (the instance gets its own), and the mount points that every instance needs are there. */
export async function finishTree(root: string): Promise<void> {
  if (!(await lstat(root)).isDirectory()) throw new LxError('image.unpack_failed', { reason: 'rootfs is not a directory' });
  for (const name of ['dev', 'proc', 'sys']) {
    await makeDirectory(join(root, name), 0o755);
  }
  const dev = join(root, 'dev');
  if (!(await lstat(dev)).isDirectory()) return;
  for (const name of await readdir(dev)) await removeTree(join(dev, name));
}

/** Files are read by their names in it later, so it may not lead elsewhere. */
export async function refuseTemplates(path: string): Promise<void> {
  if ((await exists(path)) && !(await lstat(path)).isDirectory())
    throw new LxError('image.unpack_failed', { reason: 'templates is not a directory' });
}

/** `leftOut`: patterns of tar and unsquashfs, without what may stand before a path. */
async function unpackArchive(
  archive: string,
  tree: string,
  leftOut: readonly string[],
  confinement: Confinement,
  signal: AbortSignal,
): Promise<void> {
  const format = await formatOf(archive);
  if (format === 'squashfs') return unpackSquashfs(archive, tree, leftOut, confinement, signal);
  await unpackTar({ path: archive, format, signal }, { tree }, leftOut, confinement);
}

/** `leftOut`: patterns of tar, without what may stand before a path. Its members are checked. */
export async function unpackTar(
  { path, format, signal }: Tarball,
  given: Pick<ConfinedOptions, 'tree' | 'owners'>,
  leftOut: readonly string[],
  confinement: Confinement,
): Promise<void> {
  const exclude = leftOut.flatMap((pattern) => ['', './', '/'].map((start) => `--exclude=${start}${pattern}`));
  const file = await open(path, 'r');
  try {
    const stdio: [number, 'ignore'] = [file.fd, 'ignore'];
    await confinement.start('tar', [...tarFlags, ...exclude, ...decompressor(format), '-xf', '-'], {
      ...given,
      stdio,
      signal,
    }).done;
  } finally {
    await file.close();
  }
}

async function unpackSquashfs(
  archive: string,
  tree: string,
  leftOut: readonly string[],
  confinement: Confinement,
  signal: AbortSignal,
): Promise<void> {
  const complaints: string[] = [];
  const onLine = (line: string) => {
    if (!foreignAttribute.test(line) && complaints.length < 10) complaints.push(line);
  };
  // By itself it would end at the first attribute that it cannot write, and has no option to leave some out.
  const args = ['-q', '-n', '-f', '-ignore-errors', '-excludes', '-d', '.', '/archive', ...leftOut];
  try {
    await confinement.start('unsquashfs', args, { tree, archive, signal, onLine }).done;
  } catch (error) {
    if (!(error instanceof ProgramFailed) || error.code !== 2) throw error;
  }
  if (complaints.length > 0) throw new ProgramFailed(complaints.at(-1) ?? '');
}

/** tar runs the program itself, so that the bytes go from pipe to pipe. It adds `-d`. */
function decompressor(format: Exclude<ArchiveFormat, 'squashfs'>): string[] {
  return format === 'tar' ? [] : ['-I', decompressors[format].filter((word) => word !== '-d').join(' ')];
}
