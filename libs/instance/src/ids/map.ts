import type { StringMap } from '#lib/base';
import { keyOf, type RawIdRange } from '#lib/contract';
import { type HostIds, type IdRange, idsOfABlock } from '#lib/host';

/** Host ids that belong to one instance. */
export interface IdBlock {
  base: number;
  count: number;
}

/**
 * Which ids an instance is to have. own: 0 to 65535 are its own and those above are shared; isolated: all are its own;
 * shared: none is.
 */
export type IdWish = ({ kind: 'own'; count: number } | { kind: 'isolated'; count: number; base: number | null } | { kind: 'shared' }) & {
  /** Single ids beside those; left out: none. */
  raw?: RawIdRange[];
};

/** Of uids and of gids. */
export interface IdMap {
  uid: readonly IdRange[];
  gid: readonly IdRange[];
}

/** From the expanded config. */
export function idWish(config: StringMap): IdWish {
  const isolated = keyOf(config, 'security.idmap.isolated');
  const raw = keyOf(config, 'raw.idmap') ?? [];
  const more = raw.length === 0 ? {} : { raw };
  if (isolated === undefined) return { kind: 'own', count: idsOfABlock, ...more };
  if (!isolated) return { kind: 'shared', ...more };
  return { kind: 'isolated', count: keyOf(config, 'security.idmap.size'), base: keyOf(config, 'security.idmap.base') ?? null, ...more };
}

/** The map with single ids in it; those that they take the place of, inside or on the host, map nothing then. */
export function withRawIds(map: readonly IdRange[], raw: readonly RawIdRange[]): IdMap {
  const of = (kind: RawIdRange['kind']) => {
    const own = raw.filter((range) => range.kind === kind).map(({ inside, outside, count }) => ({ inside, outside, count }));
    const left = own.reduce((ranges, taken) => cut(cut(ranges, 'inside', taken), 'outside', taken), map);
    return [...left, ...own].sort((a, b) => a.inside - b.inside);
  };
  return { uid: of('uid'), gid: of('gid') };
}

/** The ranges without those ids. */
function cut(ranges: readonly IdRange[], side: 'inside' | 'outside', taken: IdRange): readonly IdRange[] {
  return ranges.flatMap((range) => {
    const before = Math.min(Math.max(taken[side] - range[side], 0), range.count);
    const after = Math.min(Math.max(range[side] + range.count - (taken[side] + taken.count), 0), range.count);
    if (before + after >= range.count) return [range];
    const rest = range.count - after;
    return [
      ...(before > 0 ? [{ ...range, count: before }] : []),
      ...(after > 0 ? [{ inside: range.inside + rest, outside: range.outside + rest, count: after }] : []),
    ];
  });
}

/** The map of an instance with this block; null: it has none, and shares all its ids. */
export function idMapOf({ shared }: HostIds, kind: IdWish['kind'], block: IdBlock | null): IdRange[] {
  if (block === null) return [{ inside: 0, outside: shared.first, count: shared.count }];
  const own = { inside: 0, outside: block.base, count: block.count };
  if (kind !== 'own') return [own];
  // A block from before the host's ranges changed may lie in what is shared now; no id outside may be mapped twice.
  const end = block.base >= shared.first ? Math.min(shared.first + shared.count, block.base) : shared.first + shared.count;
  const above = end - shared.first - block.count;
  return above > 0 ? [own, { inside: block.count, outside: shared.first + block.count, count: above }] : [own];
}

/** A map as volatile.idmap.* have it. */
export function idMapText(map: IdMap): string {
  const entries = [true, false].flatMap((uids) =>
    (uids ? map.uid : map.gid).map(({ inside, outside, count }) => ({
      Isuid: uids,
      Isgid: !uids,
      Hostid: outside,
      Nsid: inside,
      Maprange: count,
    })),
  );
  return JSON.stringify(entries);
}
