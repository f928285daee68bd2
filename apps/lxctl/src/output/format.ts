import type { Io } from '../run/io.ts';
import { choice } from '../run/verb.ts';
import { paintStates } from './color.ts';
import { drawCompact, drawCsv, drawTable } from './table.ts';

export const formats = ['csv', 'json', 'table', 'yaml', 'compact'] as const;
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

export async function writeListing(io: Io, format: Format, listing: Listing): Promise<void> {
  const paint = paintStates(io.color);
  switch (format) {
    case 'table':
      io.stdout.write(`${drawTable(listing.headers, listing.rows, paint)}\n`);
      return;
    case 'compact':
      io.stdout.write(`${drawCompact(listing.headers, listing.rows, paint)}\n`);
      return;
    case 'csv':
      io.stdout.write(drawCsv(listing.rows));
      return;
    case 'json':
      io.stdout.write(`${JSON.stringify(listing.objects)}\n`);
      return;
    case 'yaml':
      io.stdout.write(await toYaml(listing.objects));
  }
}

/** As LXD's tools write it: keys of maps in order, sequences flush with their key, no folding. */
export async function toYaml(value: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(inOrder(value), { indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false });
}

const maps = new Set(['config', 'devices', 'expanded_config', 'expanded_devices', 'properties']);

/** Fields of objects keep the server's order; the keys of free maps are sorted, so that two shows can be compared. */
function inOrder(value: unknown, sorted = false): unknown {
  if (Array.isArray(value)) return value.map((item) => inOrder(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]): [string, unknown] => [key, inOrder(item, maps.has(key))]);
  return Object.fromEntries(sorted ? entries.sort(([a], [b]) => (a < b ? -1 : 1)) : entries);
}

/** Throws an Error with the parser's words. */
export async function fromYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text) as unknown;
}
