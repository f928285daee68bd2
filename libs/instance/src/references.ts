import { LxError } from '#lib/contract';
import { RowConflict } from '#lib/store';

/** What an instance's row refers to, by the constraint that holds it. */
const kinds: Record<string, string> = {
  instance_profile_profile: 'profile',
  instance_reference_network: 'network',
  instance_reference_pool: 'storage pool',
  instance_reference_volume: 'storage volume',
  volume_pool: 'storage pool',
};

/**
 * What writing an instance's rows was refused for: LxError 'instance.reference_gone' for something that was there when the
 * request was checked, or else what `taken` makes of a name that is another's. Other errors as they are, also that of ids
 * that are another's, which are the server's own choice.
 */
export function rowsRefused(error: unknown, taken: (cause: RowConflict) => LxError): unknown {
  if (!(error instanceof RowConflict) || error.constraint === 'instance_ids') return error;
  const what = kinds[error.constraint];
  return what === undefined ? taken(error) : new LxError('instance.reference_gone', { what }, { cause: error });
}
