import { readFile } from 'node:fs/promises';
import { LxError } from '#lib/contract';
import { isErrno } from '../errno.ts';
import type { IdRange } from '../launch-plan.ts';

/** Ids an instance sees: 0 to 65535. */
const idsOfAnInstance = 65_536;
/** Where ids begin that nobody else uses, when the host delegates none to root. */
const defaultBase = 1_000_000;
/** Highest id plus one; 2^32 - 1 means "no id". */
const endOfIds = 0xffff_ffff;

interface Delegation {
  owner: string;
  first: number;
  count: number;
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
   * The range that all instances share unless their config asks otherwise; for uids and gids alike. It is root's first
   * one of 65536 ids that both files have, or, when neither has an entry for root, one from 1000000 on that no other user owns.
   * LxError 'host.no_id_range'.
   */
  async defaultRange(): Promise<IdRange> {
    const [uids, gids] = await Promise.all([delegations(this.#subuid), delegations(this.#subgid)]);
    const mine = ({ owner }: Delegation): boolean => this.#owners.includes(owner);
    const myUids = uids.filter(mine);
    const myGids = gids.filter(mine);
    const outside = myUids.length === 0 && myGids.length === 0 ? freeBase([...uids, ...gids]) : this.#commonBase(myUids, myGids);
    return { inside: 0, outside, count: idsOfAnInstance };
  }

  #commonBase(uids: readonly Delegation[], gids: readonly Delegation[]): number {
    const missing = uids.length === 0 ? this.#subuid : gids.length === 0 ? this.#subgid : null;
    if (missing !== null) throw new LxError('host.no_id_range', { reason: `root has none in ${missing}, but one in the other file` });
    for (const uid of uids) {
      for (const gid of gids) {
        const first = Math.max(uid.first, gid.first);
        const end = Math.min(uid.first + uid.count, gid.first + gid.count);
        if (end - first >= idsOfAnInstance) return first;
      }
    }
    throw new LxError('host.no_id_range', {
      reason: `root's ranges in ${this.#subuid} and ${this.#subgid} have no ${idsOfAnInstance} ids in common`,
    });
  }
}

function freeBase(taken: readonly Delegation[]): number {
  let base = defaultBase;
  for (const { first, count } of [...taken].sort((a, b) => a.first - b.first)) {
    if (first < base + idsOfAnInstance && first + count > base) base = first + count;
  }
  if (base + idsOfAnInstance > endOfIds) throw new LxError('host.no_id_range', { reason: 'other users own all ids from 1000000 on' });
  return base;
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
