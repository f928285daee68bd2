import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Reserve } from './reserve.ts';

let disk: string;
beforeEach(() => {
  disk = mkdtempSync('/tmp/reserve-');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=80m', 'tmpfs', disk]);
});
afterEach(() => {
  execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true });
});

const fill = (name: string) => {
  try {
    writeFileSync(join(disk, name), Buffer.alloc(100 * 1024 * 1024, 1));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  }
};
const size = () => statSync(join(disk, 'reserve')).size / 1024 / 1024;

it('is taken, given up a portion at a time, and refuses what makes no room until it is whole again', async () => {
  const told: string[] = [];
  const reserve = new Reserve({ directory: disk, report: (message) => told.push(message) });
  reserve.begin();
  await reserve.end();
  expect(size()).toBe(48);
  reserve.mustBeWhole();
  fill('guest');
  expect(() => writeFileSync(join(disk, 'more'), Buffer.alloc(8 * 1024 * 1024))).toThrow('ENOSPC');
  expect(reserve.giveUp()).toBe(true);
  expect(size()).toBe(32);
  writeFileSync(join(disk, 'more'), Buffer.alloc(8 * 1024 * 1024));
  expect(() => reserve.mustBeWhole()).toThrow(`No space left on the disk of ${disk}`);
  expect([reserve.giveUp(), reserve.giveUp(), reserve.giveUp()]).toEqual([true, true, false]);
  rmSync(join(disk, 'guest'));
  reserve.begin();
  await reserve.end();
  reserve.mustBeWhole();
  expect(size()).toBe(48);
  expect(told.at(-1)).toBe('the disk has room again');
});

it('does without on a disk that is too small for it', async () => {
  const told: string[] = [];
  const reserve = new Reserve({ directory: disk, portions: 6, report: (message) => told.push(message) });
  reserve.begin();
  await reserve.end();
  reserve.mustBeWhole();
  expect(told).toEqual(['the disk has no room for a reserve']);
});
