import { LxError } from '#lib/contract';
import { RowConflict, RowMissing } from '#lib/store';

/** For the `catch` of what writes a volume's row. */
export function volumeTaken(error: unknown): never {
  if (error instanceof RowMissing) throw new LxError('volume.not_found', undefined, { cause: error });
  if (!(error instanceof RowConflict)) throw error;
  throw new LxError(error.constraint === 'volume_pool' ? 'pool.not_found' : 'volume.exists', undefined, { cause: error });
}
