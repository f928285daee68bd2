import { describe, expect, it } from 'vitest';
import { nextSnapshotName, snapshotNameProblems } from './name.ts';

describe('names of snapshots', () => {
  it.each(['', 'a/b', 'a b', '.', '..', 'a\n', 'x'.repeat(191)])('%j is none', (name) => {
    expect(snapshotNameProblems(name)).toHaveLength(1);
  });

  it('count on from the highest', () => {
    expect(nextSnapshotName('snap%d', [])).toBe('snap0');
    expect(nextSnapshotName('snap%d', ['snap0', 'snap7', 'snapx', 'other9'])).toBe('snap8');
    expect(nextSnapshotName('daily', [])).toBe('daily');
    expect(nextSnapshotName('daily', ['daily'])).toBe('daily-0');
  });
});
