import { printable } from './printable.ts';

/** Rows of text as `lxc` draws them: a frame, centred headers, a line between rows. Cells may hold several lines. */
export function drawTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (cell: string) => string = (cell) => cell,
): string {
  const lines = rows.map((row) => row.map((cell) => printable(cell).split('\n')));
  const widths = headers.map((header, column) => Math.max(width(header), ...lines.flatMap((row) => (row[column] ?? ['']).map(width))));
  const rule = `+${widths.map((columns) => '-'.repeat(columns + 2)).join('+')}+`;
  const out = [rule, `|${headers.map((header, column) => ` ${centre(header, widths[column] ?? 0)} `).join('|')}|`, rule];
  for (const row of lines) {
    const height = Math.max(1, ...row.map((cell) => cell.length));
    for (let line = 0; line < height; line += 1) {
      out.push(`|${widths.map((columns, column) => ` ${pad(row[column]?.[line] ?? '', columns, paint)} `).join('|')}|`);
    }
    out.push(rule);
  }
  return out.join('\n');
}

/** Without a frame: columns two spaces apart. */
export function drawCompact(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (cell: string) => string = (cell) => cell,
): string {
  const lines = [headers.map((header) => [header]), ...rows.map((row) => row.map((cell) => printable(cell).split('\n')))];
  const widths = headers.map((_header, column) => Math.max(...lines.flatMap((row) => (row[column] ?? ['']).map(width))));
  const out: string[] = [];
  for (const row of lines) {
    const height = Math.max(1, ...row.map((cell) => cell.length));
    for (let line = 0; line < height; line += 1) {
      out.push(`  ${widths.map((columns, column) => pad(row[column]?.[line] ?? '', columns, paint)).join('  ')}`.trimEnd());
    }
  }
  return out.join('\n');
}

/** RFC 4180. */
export function drawCsv(rows: readonly (readonly string[])[]): string {
  const quote = (cell: string) => (/[",\n\r]|^ /.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return rows.map((row) => `${row.map(quote).join(',')}\n`).join('');
}

function pad(text: string, columns: number, paint: (cell: string) => string): string {
  return `${paint(text)}${' '.repeat(Math.max(0, columns - width(text)))}`;
}

function centre(text: string, columns: number): string {
  const left = Math.floor((columns - width(text)) / 2);
  return `${' '.repeat(left)}${text}${' '.repeat(columns - width(text) - left)}`;
}

/** Columns on a terminal: wide East Asian characters take two, combining marks none. */
function width(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let columns = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
      character,
    )
      ? 2
      : 1;
  }
  return columns;
}
