import { isLxError, LxError } from '#lib/contract';

/** Rules that images and backups share speak of images. */
export async function asBackup<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isLxError(error, 'image.invalid')) throw new LxError('backup.invalid', error.args, { cause: error });
    if (isLxError(error, 'image.unpack_failed')) throw new LxError('backup.unpack_failed', error.args, { cause: error });
    if (isLxError(error)) throw error;
    throw new LxError('backup.unpack_failed', { reason: (error as Error).message }, { cause: error });
  }
}
