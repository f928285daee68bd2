import type { StringMap } from '#lib/base';
import { keyOf } from '#lib/contract';
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
export type IdWish = { kind: 'own'; count: number } | { kind: 'isolated'; count: number; base: number | null } | { kind: 'shared' };

/** From the expanded config. */
export function idWish(config: StringMap): IdWish {
  const isolated = keyOf(config, 'security.idmap.isolated');
  if (isolated === undefined) return { kind: 'own', count: idsOfABlock };
  if (!isolated) return { kind: 'shared' };
  return { kind: 'isolated', count: keyOf(config, 'security.idmap.size'), base: keyOf(config, 'security.idmap.base') ?? null };
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
export function idMapText(map: readonly IdRange[]): string {
  const entries = [true, false].flatMap((uids) =>
    map.map(({ inside, outside, count }) => ({ Isuid: uids, Isgid: !uids, Hostid: outside, Nsid: inside, Maprange: count })),
  );
  return JSON.stringify(entries);
}
