import { formatOf } from './archive-format.ts';
import { checkSquashfs } from './check-squashfs.ts';
import { checkTar } from './check-tar.ts';
import { LxError } from '#lib/contract';
import { type ImageMetadata, parseMetadata } from './metadata.ts';

/** Checks an image of one file. LxError 'image.invalid'. */
export async function checkUnified(image: string, signal?: AbortSignal): Promise<ImageMetadata> {
  const format = await formatOf(image);
  const text = format === 'squashfs' ? await checkSquashfs(image, 'unified', signal) : await checkTar(image, format, 'unified', signal);
  return parseMetadata(text);
}

/** Checks an image of two files. LxError 'image.invalid'. */
export async function checkSplit(metadata: string, rootfs: string, signal?: AbortSignal): Promise<ImageMetadata> {
  const format = await formatOf(metadata);
  if (format === 'squashfs') throw new LxError('image.invalid', { reason: 'the metadata file is not a tarball' });
  const parsed = parseMetadata(await checkTar(metadata, format, 'metadata', signal));
  const rootFormat = await formatOf(rootfs);
  if (rootFormat === 'squashfs') await checkSquashfs(rootfs, 'rootfs', signal);
  else await checkTar(rootfs, rootFormat, 'rootfs', signal);
  return parsed;
}
