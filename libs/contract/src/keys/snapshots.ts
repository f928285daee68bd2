import { keyType } from './types.ts';

/** `{{ creation_date }}` with or without a layout in Go's words, the one expression that LXD's documentation shows. */
const expression = /\{\{\s*creation_date\s*(?:\|\s*date\s*:\s*(?:'([^']*)'|"([^"]*)")\s*)?\}\}/g;

/** Reads as what the pattern is at a time: `%d` stays in it, for the number of the snapshot. */
export const snapshotPattern = keyType(
  'a name with at most one %d, and {{ creation_date|date:"2006-01-02" }} as the only expression',
  (value) => {
    const rest = value.replace(expression, '');
    return !/\{\{|\}\}|\{%|[/\s]/.test(rest) && rest.split('%d').length <= 2;
  },
  (value) => (at: Date) =>
    value.replace(expression, (_, single?: string, double?: string) => goTime(single ?? double ?? '2006-01-02T15:04:05Z', at)),
);

/** Reads as when something made at a time ends; null: never. */
export const expiryExpression = keyType(
  'times such as 1M 2H 3d 4w 5m 6y (minutes, hours, days, weeks, months, years), each unit once',
  (value) => {
    const words = value.trim().split(/\s+/);
    return words.every((word) => /^\d{1,6}[MHdwmy]$/.test(word)) && new Set(words.map((word) => word.slice(-1))).size === words.length;
  },
  (value) => (at: Date) => {
    const end = new Date(at);
    for (const word of value.trim().split(/\s+/)) units[word.slice(-1)]?.(end, Number(word.slice(0, -1)));
    return end;
  },
);

/** Keys of whatever snapshots are taken of. */
export const snapshotRows = {
  'snapshots.expiry': {
    type: expiryExpression,
    doc: 'How long snapshots are kept that are taken from now on, unless the request says.',
    live: true,
    readWhenUsed: true,
  },
  'snapshots.pattern': {
    type: snapshotPattern,
    default: 'snap%d',
    doc: 'Name of snapshots that are given none: %d is the next number, and {{ creation_date }} the time (UTC), with a layout of Go.',
    live: true,
    readWhenUsed: true,
  },
} as const;

const units: Record<string, (at: Date, count: number) => void> = {
  M: (at, count) => at.setUTCMinutes(at.getUTCMinutes() + count),
  H: (at, count) => at.setUTCHours(at.getUTCHours() + count),
  d: (at, count) => at.setUTCDate(at.getUTCDate() + count),
  w: (at, count) => at.setUTCDate(at.getUTCDate() + 7 * count),
  m: (at, count) => at.setUTCMonth(at.getUTCMonth() + count),
  y: (at, count) => at.setUTCFullYear(at.getUTCFullYear() + count),
};

const two = (value: number) => String(value).padStart(2, '0');
const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** Elements of a layout of Go's package time, longer ones before those they begin with. */
const elements: readonly [string, (at: Date) => string][] = [
  ['2006', (at) => String(at.getUTCFullYear())],
  ['January', (at) => months[at.getUTCMonth()] ?? ''],
  ['Monday', (at) => days[at.getUTCDay()] ?? ''],
  ['Jan', (at) => (months[at.getUTCMonth()] ?? '').slice(0, 3)],
  ['Mon', (at) => (days[at.getUTCDay()] ?? '').slice(0, 3)],
  ['MST', () => 'UTC'],
  ['-07:00', () => '+00:00'],
  ['-0700', () => '+0000'],
  ['01', (at) => two(at.getUTCMonth() + 1)],
  ['02', (at) => two(at.getUTCDate())],
  ['03', (at) => two(at.getUTCHours() % 12 || 12)],
  ['04', (at) => two(at.getUTCMinutes())],
  ['05', (at) => two(at.getUTCSeconds())],
  ['06', (at) => two(at.getUTCFullYear() % 100)],
  ['15', (at) => two(at.getUTCHours())],
  ['PM', (at) => (at.getUTCHours() < 12 ? 'AM' : 'PM')],
  ['pm', (at) => (at.getUTCHours() < 12 ? 'am' : 'pm')],
  ['1', (at) => String(at.getUTCMonth() + 1)],
  ['2', (at) => String(at.getUTCDate())],
  ['3', (at) => String(at.getUTCHours() % 12 || 12)],
  ['4', (at) => String(at.getUTCMinutes())],
  ['5', (at) => String(at.getUTCSeconds())],
];
const layoutPattern = new RegExp(elements.map(([element]) => element).join('|'), 'g');
const byElement = new Map(elements);

function goTime(layout: string, at: Date): string {
  return layout.replace(layoutPattern, (element) => byElement.get(element)?.(at) ?? element);
}
