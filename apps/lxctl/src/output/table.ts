import Table from 'cli-table3';
import { printable } from './printable.ts';

type Cells = readonly (readonly string[])[];
type Paint = (cell: string) => string;

const none = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
};
const bare = { ...none, left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' };
const corners = ['top-mid', 'top-left', 'top-right', 'bottom-mid', 'bottom-left', 'bottom-right', 'left-mid', 'mid-mid', 'right-mid'];
const frame = {
  ...Object.fromEntries(corners.map((corner) => [corner, '+'])),
  ...{ top: '-', bottom: '-', mid: '-', left: '|', right: '|', middle: '|' },
};

/** Rows of text as `lxc` draws them: a frame, centred headers, a line between rows. Cells may hold several lines. */
export function drawTable(headers: readonly string[], rows: Cells, paint?: Paint): string {
  const table = new Table({ chars: frame, style: { head: [], border: [] } });
  table.push(
    headers.map((content) => ({ content, hAlign: 'center' as const })),
    ...painted(rows, paint),
  );
  return table.toString();
}

/** Without a frame: columns two spaces apart. */
export function drawCompact(headers: readonly string[], rows: Cells, paint?: Paint): string {
  const table = new Table({ chars: bare, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 } });
  table.push([...headers], ...painted(rows, paint));
  const lines = table.toString().split('\n');
  return lines.map((line) => `  ${line}`.trimEnd()).join('\n');
}

function painted(rows: Cells, paint: Paint = (cell) => cell): string[][] {
  return rows.map((row) => row.map((cell) => paint(printable(cell).replaceAll('\t', ' '))));
}
