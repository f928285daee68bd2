import { escaped, steers } from './printable.ts';

/**
 * As LXD's tools write it: keys of maps in order, sequences flush with their key, no folding. Texts that a reader of YAML 1.1
 * would take for something else (yes, 0o17, 1_000, 2001-01-01, tabs) are quoted, and bytes of control escaped.
 */
export async function toYaml(value: unknown): Promise<string> {
  const { Document, visit } = await import('yaml');
  const document = new Document(inOrder(value), { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  visit(document, {
    Scalar: (_key, scalar) => {
      if (typeof scalar.value === 'string' && needsQuotes(scalar.value)) scalar.type = 'QUOTE_DOUBLE';
    },
  });
  return escaped(document.toString({ indentSeq: false, lineWidth: 0 }));
}

/** Beyond what the writer quotes by itself: `=` is a tag of YAML 1.1, and a plain text with tabs is none to some readers. */
function needsQuotes(text: string): boolean {
  return steers(text) || text === '=' || text.includes('\t');
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
