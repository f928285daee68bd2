import { printableLine } from '../output/printable.ts';

/** Any failure as one line for the user. */
export function describe(failure: unknown): string {
  const text = failure instanceof Error ? failure.message : String(failure);
  return printableLine(text) || 'unknown failure';
}
