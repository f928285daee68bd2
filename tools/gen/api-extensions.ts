import { type ApiExtension, apiExtensions } from '#lib/contract';
import { shownBy } from '../../e2e/shown-by.ts';
import { code, table } from './table.ts';

/** docs/reference/api-extensions.md */
export function apiExtensionsPage(): string {
  const rows = Object.entries(apiExtensions)
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([name, doc]) => [code(name), doc, code(shownBy[name as ApiExtension][0])]);
  return `# API extensions

What \`GET /1.0\` announces in \`api_extensions\`. Clients offer a feature only when its name is here.
None is announced that no spec shows (\`e2e/shown-by.ts\`).

${table(['Name', 'What it stands for', 'Shown by'], rows)}
`;
}
