import { describe, expect, it } from 'vitest';
import { type ShiftedIds, unshifted } from './owners.ts';

const both = (had: number, seen: number, count: number): ShiftedIds => ({ uids: true, gids: true, had, seen, count });

describe('owners of a backup', () => {
  it('become those that the instance sees, and all others nobody', () => {
    const map = '2147483648 2147483648 100000\n0 2147583648 65536\n2147649184 2147649184 2147318111\n';
    expect(unshifted([both(100_000, 0, 65_536)])).toEqual({ uids: map, gids: map });
  });

  it('may be of several ranges, users and groups apart', () => {
    const uid = { ...both(0, 1000, 1), gids: false };
    expect(unshifted([uid, { ...both(100_000, 0, 10), gids: false }, { ...both(5, 0, 2_147_483_642), uids: false }])).toEqual({
      uids: '1000 2147483648 1\n2147483649 2147483649 99999\n0 2147583648 10\n2147583658 2147583658 2147383637\n',
      gids: '2147483648 2147483648 5\n0 2147483653 2147483642\n',
    });
  });

  it.each<[string, ShiftedIds[]]>([
    ['of users alone', [{ ...both(100_000, 0, 10), gids: false }]],
    ['that overlap on the host', [both(100_000, 0, 10), both(100_005, 20, 10)]],
    ['that overlap inside', [both(100_000, 0, 10), both(200_000, 5, 10)]],
    ['below zero', [both(-1, 0, 10)]],
    ['of nothing', [both(0, 0, 0)]],
    ['that are no numbers', [both(Number.NaN, 0, 10)]],
    ['beyond all ids', [both(2 ** 31, 0, 10)]],
    ['too many', Array.from({ length: 51 }, (_, at) => both(at * 10, at * 10, 1))],
  ])('are none by maps %s', (_what, shifts) => expect(unshifted(shifts)).toBeNull());
});
