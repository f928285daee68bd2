import { formatBytes } from '#lib/base';

const si = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** 1536 -> `1.50KiB`. */
export function bytes(count: number, digits = 2): string {
  return formatBytes(count, digits);
}

/** 1500 -> `1.50kB`. */
export function decimalBytes(count: number, digits = 2): string {
  const step = 1000;
  if (count < step) return `${count}B`;
  let value = count;
  let name = '';
  for (const next of si) {
    if (value < step) break;
    value /= step;
    name = next;
  }
  return `${value.toFixed(digits)}${name}`;
}

/** `limits.memory`'s sizes: plain bytes, SI and IEC units; null for shares of the host (`50%`). */
export function parseBytes(text: string): number | null {
  const match = /^(\d+)\s*([kKMGTPE]?)(i?)B?$/.exec(text);
  if (!match?.[1]) return null;
  const power = 'kMGTPE'.indexOf((match[2] ?? '').replace('K', 'k')) + 1;
  return Number(match[1]) * (match[2] ? (match[3] ? 1024 : 1000) ** power : 1);
}

/** RFC 3339 as `2023/01/31 09:05 UTC`; empty for the zero times that mean "never". */
export function moment(text: string | undefined): string {
  const at = text ? new Date(text) : null;
  if (!at || Number.isNaN(at.getTime()) || at.getTime() <= 0) return '';
  const [day, time] = at.toISOString().split('T') as [string, string];
  return `${day.replaceAll('-', '/')} ${time.slice(0, 5)} UTC`;
}

/** Orders names as people do: c2 before c10. */
export function byName(a: { name: string }, b: { name: string }): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true });
}
