import type { StepContext } from '#lib/engine';
import type { CopyWishes } from '#lib/host';
import { packTold } from '#lib/archive';

/** Of a step that copies a root: clients see how far it is, and who cancels the operation ends it. */
export function copyWishes<P, S>({ progress, signal }: Pick<StepContext<P, S>, 'progress' | 'signal'>): CopyWishes {
  return { signal, onBytes: packTold((text) => progress({ fs_progress: text })) };
}
