import { keyType } from './types.ts';

/** Ids of the host that stand for ids inside. */
export type RawIdRange = {
  kind: 'uid' | 'gid';
  inside: number;
  outside: number;
  count: number;
};

/** Highest id; 2^32 - 1 means "no id". */
const lastId = 0xffff_fffe;
/** The kernel takes 340 ranges (user_namespaces(7)); each line makes at most two more. */
const mostLines = 100;

/** Lines `both 1000 1000` or `uid 50-60 500-510`: of the host, inside. Its problems say `rawIdMapProblems`. */
export const rawIdMap = keyType('lines such as both 1000 1000, or uid 50-60 500-510', () => true, rangesOf);

/** In LXD's words. */
export function rawIdMapProblems(value: string): string[] {
  const lines = linesOf(value);
  if (lines.length > mostLines) return [`raw.idmap has more than ${mostLines} lines`];
  const problems = lines.flatMap(lineProblems);
  return problems.length > 0 ? problems : overlapProblems(rangesOf(value));
}

function rangesOf(value: string): RawIdRange[] {
  return linesOf(value).flatMap((line) => {
    const [kind = '', outside = '', inside = ''] = line.split(/\s+/);
    const [host, guest] = [rangeOf(outside), rangeOf(inside)];
    if (!host || !guest) return [];
    const kinds = kind === 'both' ? (['uid', 'gid'] as const) : [kind as 'uid' | 'gid'];
    return kinds.map((each) => ({ kind: each, inside: guest.first, outside: host.first, count: host.count }));
  });
}

function linesOf(value: string): string[] {
  return value
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

function lineProblems(line: string): string[] {
  const [kind = '', outside = '', inside = '', ...more] = line.split(/\s+/);
  if (inside === '' || more.length > 0) return [`Invalid ID map line ${JSON.stringify(line)}`];
  if (!['both', 'uid', 'gid'].includes(kind)) return [`Invalid ID map type ${JSON.stringify(line)}`];
  const [host, guest] = [rangeOf(outside), rangeOf(inside)];
  if (!host || !guest) return [`Invalid ID map range ${JSON.stringify(line)}`];
  if (host.count !== guest.count) return [`The ID map ranges are of different sizes ${JSON.stringify(line)}`];
  // Files of the host's root, /proc/sys among them, would be the guest's.
  return host.first === 0 ? [`The host's id 0 cannot be an instance's ${JSON.stringify(line)}`] : [];
}

function overlapProblems(ranges: readonly RawIdRange[]): string[] {
  const overlaps = (kind: RawIdRange['kind'], side: 'inside' | 'outside') => {
    const sorted = ranges.filter((range) => range.kind === kind).sort((a, b) => a[side] - b[side]);
    return sorted.some((range, at) => at > 0 && (sorted[at - 1]?.[side] ?? 0) + (sorted[at - 1]?.count ?? 0) > range[side]);
  };
  const twice = (['uid', 'gid'] as const).filter((kind) => overlaps(kind, 'inside') || overlaps(kind, 'outside'));
  return twice.map((kind) => `raw.idmap names a ${kind} twice`);
}

function rangeOf(text: string): { first: number; count: number } | null {
  const [, from = '', to = from] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  return from === '' || last < first || last > lastId ? null : { first, count: last - first + 1 };
}
