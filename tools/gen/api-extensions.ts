import { apiExtensions } from '#lib/contract';
import { code, table } from './table.ts';

/** docs/reference/api-extensions.md */
export function apiExtensionsPage(): string {
  const rows = Object.entries(apiExtensions)
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([name, doc]) => [code(name), doc]);
  return `# API extensions

What \`GET /1.0\` announces in \`api_extensions\`. Clients offer a feature only when its name is here.

${table(['Name', 'What it stands for'], rows)}
`;
}
