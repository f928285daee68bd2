import { customVolumeKeys, instanceKeys, type KeyCatalogue, type KeyRow, networkKeys, poolKeys, serverKeys } from '#lib/contract';
import type { Candidate } from './names.ts';

/** The catalogues of the keys that a group of verbs sets; `named`: a name stands before the key. */
function cataloguesOf(group: string, named: boolean): readonly KeyCatalogue[] {
  switch (group) {
    case 'config':
      return named ? [instanceKeys] : [serverKeys];
    case '':
    case 'profile':
      return [instanceKeys];
    case 'network':
      return Object.values(networkKeys);
    case 'storage':
      return Object.values(poolKeys);
    case 'storage volume':
      return [customVolumeKeys];
    default:
      return [];
  }
}

function rowsOf(group: string, named: boolean): [string, KeyRow][] {
  return cataloguesOf(group, named).flatMap(({ rows }) => Object.entries(rows));
}

/** Keys alone, for `get` and `unset`. */
export function keyCandidates(group: string, named: boolean): Candidate[] {
  return rowsOf(group, named).map(([key, row]) => ({ word: key.replace(/\*$/, ''), about: row.doc }));
}

/** `key=`, and once that is written the values of a key that has few. */
export function pairCandidates(group: string, named: boolean, current: string): Candidate[] {
  const [key = '', value] = current.split('=', 2);
  if (value === undefined)
    return rowsOf(group, named).map(([each, row]) => ({ word: each.endsWith('.*') ? each.slice(0, -1) : `${each}=`, about: row.doc }));
  const row = rowsOf(group, named).find(([each]) => each === key)?.[1];
  return row?.type.accepts('true') && !row.type.accepts('no such value')
    ? ['true', 'false'].map((word) => ({ word: `${key}=${word}` }))
    : [];
}
