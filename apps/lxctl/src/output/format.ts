import type { Io } from '../run/io.ts';
import { choice } from '../run/verb.ts';
import { printCsv, printJson, printYaml } from './print.ts';

const formats = ['csv', 'json', 'table', 'yaml', 'compact'] as const;
export type Format = (typeof formats)[number];

export function formatFlag() {
  return choice<Format>('-f, --format <format>', 'Format', formats, 'table');
}

export interface Listing {
  headers: readonly string[];
  rows: readonly (readonly string[])[];
  /** The objects themselves, for json and yaml. */
  objects: unknown;
}

export async function writeListing(io: Io, format: Format, { headers, rows, objects }: Listing): Promise<void> {
  if (format === 'csv') return printCsv(io, rows);
  if (format === 'json') return printJson(io, objects);
  if (format === 'yaml') return printYaml(io, objects);
  const [{ drawCompact, drawTable }, { paintStates }] = await Promise.all([import('./table.ts'), import('./color.ts')]);
  // Cells are cleaned one by one: colours are ours.
  io.stdout.write(`${(format === 'table' ? drawTable : drawCompact)(headers, rows, paintStates(io.color))}\n`);
}
