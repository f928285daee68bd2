import { expect, it } from 'vitest';
import { rawIdMap, rawIdMapProblems } from './idmap.ts';
import { instanceConfigProblems } from './instance.ts';

it('lines of raw.idmap are ids of the host and ids inside', () => {
  const text = 'both 1000 2000\n\n uid 50-60 500-510 ';
  expect(rawIdMapProblems(text)).toEqual([]);
  expect(rawIdMap.read(text)).toEqual([
    { kind: 'uid', outside: 1000, inside: 2000, count: 1 },
    { kind: 'gid', outside: 1000, inside: 2000, count: 1 },
    { kind: 'uid', outside: 50, inside: 500, count: 11 },
  ]);
});

it.each([
  ['both 1000', 'Invalid ID map line "both 1000"'],
  ['both 1 2 3', 'Invalid ID map line "both 1 2 3"'],
  ['foo 1000 1000', 'Invalid ID map type "foo 1000 1000"'],
  ['both x 1000', 'Invalid ID map range "both x 1000"'],
  ['both 9-8 9-8', 'Invalid ID map range "both 9-8 9-8"'],
  ['uid 4294967295 1', 'Invalid ID map range "uid 4294967295 1"'],
  ['both 1000-1005 2000-2003', 'The ID map ranges are of different sizes "both 1000-1005 2000-2003"'],
  ['gid 0-5 0-5', 'The host\'s id 0 cannot be an instance\'s "gid 0-5 0-5"'],
  ['uid 1000-1010 0-10\ngid 1010 10\nuid 1010 50', 'raw.idmap names a uid twice'],
  ['gid 1000 7\nboth 1001 7', 'raw.idmap names a gid twice'],
  ['uid 1 1\n'.repeat(101), 'raw.idmap has more than 100 lines'],
])('%j is refused', (text, problem) => {
  expect(instanceConfigProblems({ 'raw.idmap': text })).toEqual([problem]);
});
