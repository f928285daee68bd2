import { readFile } from 'node:fs/promises';
import { LxError } from '#lib/contract';
import { isErrno } from '../errno.ts';

/** Ids that every instance needs for itself: 0 to 65535. Ranges are cut into blocks of so many. */
export const idsOfABlock = 65_536;
/** Where ids begin that nobody else uses, and how many LXD takes of them, when the host delegates none to root. */
const defaultBase = 1_000_000;
const defaultCount = 1_000_000_000;
/** Highest id plus one; 2^32 - 1 means "no id". */
const endOfIds = 0xffff_ffff;

/** Ids of the host, for uids and gids alike. */
export interface HostIdRange {
  first: number;
  count: number;
}

/** Which ids of the host are there for instances. */
export interface HostIds {
  /** For what instances share. */
  shared: HostIdRange;
  /** For ranges that belong to one instance alone; none of `shared`. May be empty. */
  own: readonly HostIdRange[];
}

interface Delegation extends HostIdRange {
  owner: string;
}

/** Files with the lines `owner:first:count` (subuid(5)). */
export interface IdMapsOptions {
  subuid?: string;
  subgid?: string;
  /** Names under which the daemon's user owns ranges. */
  owners?: readonly string[];
}

/** Which host ids unprivileged instances get. */
export class IdMaps {
  readonly #subuid: string;
  readonly #subgid: string;
  readonly #owners: readonly string[];

  constructor(options: IdMapsOptions = {}) {
    this.#subuid = options.subuid ?? '/etc/subuid';
    this.#subgid = options.subgid ?? '/etc/subgid';
    this.#owners = options.owners ?? ['root', '0'];
  }

  /**
   * Root's ranges are those that both files have: the first is shared and the others are cut up for single instances; of one
   * alone the upper half is. When neither file has an entry for root, the shared range are the ids from 1000000 on that no
   * other user owns, 10^9 of them as LXD takes, and all above are for single instances. LxError 'host.no_id_range'.
   */
  async ranges(): Promise<HostIds> {
    const [uids, gids] = await Promise.all([delegations(this.#subuid), delegations(this.#subgid)]);
    const mine = ({ owner }: Delegation): boolean => this.#owners.includes(owner);
    const myUids = uids.filter(mine);
    const myGids = gids.filter(mine);
    if (myUids.length === 0 && myGids.length === 0) return undelegated([...uids, ...gids]);
    const [first, ...others] = this.#common(myUids, myGids);
    return others.length > 0 ? { shared: first, own: others } : halved(first);
  }

  #common(uids: readonly Delegation[], gids: readonly Delegation[]): [HostIdRange, ...HostIdRange[]] {
    const missing = uids.length === 0 ? this.#subuid : gids.length === 0 ? this.#subgid : null;
    if (missing !== null) throw new LxError('host.no_id_range', { reason: `root has none in ${missing}, but one in the other file` });
    const [first, ...others] = uids.flatMap((uid) => gids.map((gid) => intersection(uid, gid))).filter(isWhole);
    if (first) return [first, ...others];
    throw new LxError('host.no_id_range', {
      reason: `root's ranges in ${this.#subuid} and ${this.#subgid} have no ${idsOfABlock} ids in common`,
    });
  }
}

function intersection(one: HostIdRange, other: HostIdRange): HostIdRange {
  const first = Math.max(one.first, other.first);
  return { first, count: Math.min(one.first + one.count, other.first + other.count) - first };
}

function isWhole(range: HostIdRange): boolean {
  return range.count >= idsOfABlock;
}

/** The upper half, in whole blocks, for single instances. */
function halved({ first, count }: HostIdRange): HostIds {
  const own = Math.floor(count / 2 / idsOfABlock) * idsOfABlock;
  const shared = { first, count: count - own };
  return { shared, own: own > 0 ? [{ first: first + shared.count, count: own }] : [] };
}

function undelegated(taken: readonly HostIdRange[]): HostIds {
  const gaps: HostIdRange[] = [];
  let first = defaultBase;
  for (const range of [...taken].sort((a, b) => a.first - b.first)) {
    gaps.push({ first, count: range.first - first });
    first = Math.max(first, range.first + range.count);
  }
  gaps.push({ first, count: endOfIds - first });
  const [gap, ...others] = gaps.filter(isWhole);
  if (!gap) throw new LxError('host.no_id_range', { reason: 'other users own all ids from 1000000 on' });
  const shared = { first: gap.first, count: Math.min(gap.count, defaultCount) };
  return { shared, own: [{ first: gap.first + shared.count, count: gap.count - shared.count }, ...others].filter(isWhole) };
}

/** No file: no delegations. Lines that are none, and ranges that hold the host's own root, are passed over. */
async function delegations(path: string): Promise<Delegation[]> {
  const found: Delegation[] = [];
  for (const line of (await textOf(path)).split('\n')) {
    const match = /^([^:#\s]+):(\d+):(\d+)\s*$/.exec(line);
    if (match === null) continue;
    const [, owner = '', first, count] = match;
    const range = { owner, first: Number(first), count: Number(count) };
    if (range.first > 0 && range.first + range.count <= endOfIds) found.push(range);
  }
  return found;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
}
