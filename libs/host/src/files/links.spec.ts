import { mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { dropLink, pointLink } from './links.ts';

let place = '';
beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-links-');
});
afterEach(() => rm(place, { recursive: true }));

it('points a link, again and elsewhere, and leaves nothing beside it', async () => {
  const link = join(place, 'c1');
  for (const target of ['../a', '../a', '../b']) {
    await pointLink(link, target);
    expect(await readlink(link)).toBe(target);
  }
  expect(await readdir(place)).toEqual(['c1']);
  await dropLink(link, '../a');
  expect(await readdir(place)).toEqual(['c1']);
  await dropLink(link, '../b');
  expect(await readdir(place)).toEqual([]);
});

it('clears up what a kill in the middle left', async () => {
  const link = join(place, 'c1');
  await symlink('../b', join(place, '.c1'));
  await dropLink(link, '../b');
  expect(await readdir(place)).toEqual([]);
  await symlink('../a', link);
  await symlink('../b', join(place, '.c1'));
  await pointLink(link, '../b');
  expect(await readdir(place)).toEqual(['c1']);
});
