import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finishTree, formatOf, refuseTemplates, unpackTar, watchSpace } from '#lib/archive';
import { LxError } from '#lib/contract';
import { type Confinement, ProgramFailed, removeTree } from '#lib/host';

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
    await confinement.inspect(directory, { signal });
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
