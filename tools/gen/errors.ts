import { errorCatalogue } from '#lib/contract';
import { code, table } from './table.ts';

/** docs/reference/errors.md */
export function errorsPage(): string {
  const rows = Object.entries(errorCatalogue)
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([name, row]) => {
      const { status, message, doc } = row as { status: number; message(args: unknown): string; doc: string };
      return [code(name), String(status), code(message(placeholders)), doc];
    });
  return `# Errors

Every error a caller of the API can meet. The text is what \`error\` holds; \`<words>\` stand for what differs from case to case.

${table(['Code', 'Status', 'Text', 'When, and what to do'], rows)}
`;
}

/** Stands in for the arguments of any message: each shows as its own name. */
const placeholders = new Proxy({}, { get: (_, name) => placeholder(String(name)) });

function placeholder(name: string): unknown {
  const text = `<${name}>`;
  // Lists are joined or mapped by the messages, texts are put in as they are.
  return Object.assign(Object(text) as object, { join: () => text, map: () => [text] });
}
