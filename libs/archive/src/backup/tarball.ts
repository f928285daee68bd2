import { LxError } from '#lib/contract';
import { formatOf } from '../archive-format.ts';
import type { Tarball } from '../read-tar.ts';

/** The file of a backup. LxError 'image.invalid' when it is none. */
export async function tarball(path: string, signal?: AbortSignal): Promise<Tarball> {
  const format = await formatOf(path);
  if (format === 'squashfs') throw new LxError('image.invalid', { reason: 'the file is not a tarball' });
  return { path, format, signal };
}
