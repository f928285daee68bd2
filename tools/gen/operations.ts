import { operationCatalogue } from '#lib/contract';
import { code, table } from './table.ts';

/** docs/reference/operations.md */
export function operationsPage(): string {
  const rows = Object.entries(operationCatalogue).map(([kind, { description }]) => [code(kind), description]);
  return `# Operations

Every kind of operation the server runs in the background, and the description that \`lxctl operation list\` shows.

${table(['Kind', 'Description'], rows)}
`;
}
