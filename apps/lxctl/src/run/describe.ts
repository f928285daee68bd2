import { printableLine } from '../output/printable.ts';

/** Any failure as one line for the user. */
export function describe(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return printableLine(text) || 'unknown failure';
}
