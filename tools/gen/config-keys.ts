import * as contract from '#lib/contract';
import { deviceTypes } from '#lib/device';
import { code, table } from './table.ts';

/** docs/reference/config-keys.md: every catalogue that the contract exports, alone or in a table of catalogues, and those of the types of devices. */
export function configKeysPage(): string {
  const devices = Object.values(deviceTypes).map(({ catalogue }) => catalogue);
  const catalogues = [...cataloguesIn(contract), ...devices].sort((a, b) => a.scope.localeCompare(b.scope, 'en'));
  const sections = catalogues.map((catalogue) => `## ${catalogue.scope}\n\n${section(catalogue)}\n`);
  return `# Configuration keys

Values are text. A key that ends in \`.*\` stands for all keys with that prefix. *Live* keys take effect at once, the others at the next start.

${sections.join('\n')}
## Refused

Keys of instances that LXD or Incus have and this server refuses, with the reason that it gives.

${refused()}
`;
}

function refused(): string {
  const rows = Object.entries(contract.foreignInstanceKeys).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return table(
    ['Key', 'Why'],
    rows.map(([key, reason]) => [code(key), reason]),
  );
}

/** Tables are looked into too: pools and networks have a catalogue for each driver. */
function cataloguesIn(exported: object): contract.KeyCatalogue[] {
  const tables = Object.values({ ...exported } as Record<string, unknown>).filter(
    (value): value is object => typeof value === 'object' && value !== null,
  );
  return [
    ...new Set(
      tables.flatMap((value) =>
        isCatalogue(value) ? [value] : Object.values({ ...value } as Record<string, unknown>).filter(isCatalogue),
      ),
    ),
  ];
}

function isCatalogue(value: unknown): value is contract.KeyCatalogue {
  return typeof value === 'object' && value !== null && 'scope' in value && 'rows' in value;
}

function section(catalogue: contract.KeyCatalogue): string {
  const rows = Object.entries(catalogue.rows)
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([key, row]) => [code(key), row.type.name, row.default === undefined ? '' : code(row.default), row.live ? 'yes' : 'no', row.doc]);
  return table(['Key', 'Value', 'Default', 'Live', 'What it does'], rows);
}
