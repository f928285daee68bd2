import { type OwnerMaps, strangersFrom } from '#lib/host';

/** Ids that an instance sees from `seen` on, which a host has from `had` on. */
export type ShiftedIds = {
  uids: boolean;
  gids: boolean;
  had: number;
  seen: number;
  count: number;
};

/** Ids end below; the kernel takes no more lines in a map, by far (user_namespaces(7)). */
const [end, mostRanges] = [strangersFrom - 1, 50];

/**
 * How owners of an archive that was made with a host's ids become those that the instance sees: null for maps that are none. What
 * belongs to somebody else than the instance becomes nobody's.
 */
export function unshifted(shifts: readonly ShiftedIds[]): OwnerMaps | null {
  const [uids, gids] = [shifts.filter((each) => each.uids), shifts.filter((each) => each.gids)].map(mapOf);
  return uids === undefined || gids === undefined || uids === null || gids === null ? null : { uids, gids };
}

function mapOf(shifts: readonly ShiftedIds[]): string | null {
  const ranges = shifts
    .map(({ had, seen, count }) => ({ had, seen, count: Math.min(count, end - had, end - seen) }))
    .sort((a, b) => a.had - b.had);
  const bySeen = [...ranges].sort((a, b) => a.seen - b.seen);
  const overlap = ranges.some((each, index) => each.had + each.count > (ranges[index + 1]?.had ?? end));
  const meet = bySeen.some((each, index) => each.seen + each.count > (bySeen[index + 1]?.seen ?? end));
  const bad = ranges.some(({ had, seen, count }) => ![had, seen, count].every(Number.isSafeInteger) || had < 0 || seen < 0 || count < 1);
  if (ranges.length === 0 || ranges.length > mostRanges || bad || overlap || meet) return null;
  const lines: string[] = [];
  let next = 0;
  for (const { had, seen, count } of ranges) {
    if (had > next) lines.push(`${strangersFrom + next} ${strangersFrom + next} ${had - next}`);
    lines.push(`${seen} ${strangersFrom + had} ${count}`);
    next = had + count;
  }
  if (next < end) lines.push(`${strangersFrom + next} ${strangersFrom + next} ${end - next}`);
  return `${lines.join('\n')}\n`;
}

/** How LXD notes which of a host's ids files have: a list in JSON; empty: those that are seen inside. null for what is no map. */
export function readShifts(text: string): ShiftedIds[] | null {
  if (text === '') return [];
  try {
    const shifts = (JSON.parse(text) as unknown[]).map(shiftOf);
    return shifts.length === 0 || unshifted(shifts) !== null ? shifts : null;
  } catch {
    return null;
  }
}

function shiftOf(entry: unknown): ShiftedIds {
  const { Isuid, Isgid, Hostid, Nsid, Maprange } = entry as Record<string, unknown>;
  return { uids: Isuid === true, gids: Isgid === true, had: Number(Hostid), seen: Number(Nsid), count: Number(Maprange) };
}
