import { describe, expect, it } from 'vitest';
import { filterObjects } from './filter.ts';

const items = [
  { name: 'c1', status: 'Running', ephemeral: false, config: { 'image.os': 'Debian', 'user.note': 'a b' } },
  { name: 'c2', status: 'Stopped', ephemeral: true, config: { 'image.os': 'Alpine' } },
  { name: 'x.1', status: 'Running', ephemeral: true, config: {} },
];
const names = (filter: string) => filterObjects(items, filter).map((item) => item.name);

describe('filterObjects', () => {
  it.each([
    ['', ['c1', 'c2', 'x.1']],
    ['name eq c1', ['c1']],
    ['name eq C.', ['c1', 'c2']],
    ['name eq ^c', ['c1', 'c2']],
    ['name ne c1', ['c2', 'x.1']],
    ['not name eq c1', ['c2', 'x.1']],
    ['status eq running and name eq c1', ['c1']],
    ['name eq c2 or name eq c1 and status eq Stopped', ['c2']],
    ['config.image.os eq debian', ['c1']],
    ['config.user.note eq "a b"', ['c1']],
    ['ephemeral eq true', ['c2', 'x.1']],
    ['nothing eq x', []],
    ['name eq [', []],
  ])('%s', (filter, expected) => {
    expect(names(filter)).toEqual(expected);
  });

  it.each(['name', 'name eq', 'name is c1', 'name eq c1 xor name eq c2', 'name eq c1 and', 'name eq "c1'])('refuses %s', (filter) => {
    expect(() => names(filter)).toThrow(/Invalid filter/);
  });

  it('does not hang on a pattern that backtracks', () => {
    expect(filterObjects([{ name: 'a'.repeat(40) }], 'name eq (a+)+b')).toEqual([]);
  });
});
