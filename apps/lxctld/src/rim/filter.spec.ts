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
    // LXD puts ^ and $ round an alternation without parentheses.
    ['name eq c1|y', ['c1']],
    ['name eq c|1', ['c1', 'c2', 'x.1']],
    ['name eq 1$', ['c1', 'x.1']],
    ['name eq (?i)C1', ['c1']],
    ['name eq \\pL\\d', ['c1', 'c2']],
    // What Go's regexp does not know is compared as plain text.
    ['name eq (?=c)c1', []],
    ['name eq (c)\\1', []],
    ['status eq ((R|R)unning)*', ['c1', 'x.1']],
    ['status eq .*n.*n.*g', ['c1', 'x.1']],
  ])('%s', (filter, expected) => {
    expect(names(filter)).toEqual(expected);
  });

  it.each(['name', 'name eq', 'name is c1', 'name eq c1 xor name eq c2', 'name eq c1 and', 'name eq "c1'])('refuses %s', (filter) => {
    expect(() => names(filter)).toThrow(/Invalid filter/);
  });

  it.each([
    ['name', 'clause has no operator'],
    ['name eq', 'clause has no value'],
    ['name eq c1 and', 'unterminated compound clause'],
    ['name eq c1 xor name eq c2', 'invalid clause composition'],
    ['name eq "c1', 'unterminated quote'],
  ])('says of %s what LXD says', (filter, reason) => {
    expect(() => names(filter)).toThrow(`Invalid filter: ${reason}`);
  });
});

describe('patterns that are made to take long', () => {
  const long = 'a'.repeat(100_000);
  const mixed = Array.from({ length: 100_000 }, (_, at) => ((at * 2654435761) >>> 13) % 2).join('');
  it.each([
    ['(a+)+b', long],
    ['((a|a))*', `${long}b`],
    ['((a*)*)*b', long],
    ['(a|a?)+b', long],
    ['.*a.*a.*b', long],
    ['(.*)(.*)(.*)(.*)(.*)[^a-z]', long.slice(0, 20_000)],
    ['(a?){30}a{30}b', long.slice(0, 20_000)],
    ['([a-z]+)*[0-9]', long],
    ['(\\w|\\d|a)+\\s', long],
    ['.*0.{7}1.*x', mixed],
    ['^(([a-z])+.)+[0-9]([a-z])+$', long],
  ])('%s is matched in linear time', (pattern, text) => {
    const before = performance.now();
    expect(filterObjects([{ name: text }, { name: 'other' }], `name eq ${pattern}`).length).toBe(0);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it.each([
    ['a{1000}a{1000}', 'a'],
    ['(((a{100}){100}){100})', 'a'],
    [`(${'a{0,100}'.repeat(10)})b`, long],
    ['x'.repeat(2000), 'x'],
    [`.*0.{900}1`, mixed],
  ])('%s is refused or matched at once', (pattern, text) => {
    const before = performance.now();
    try {
      expect(filterObjects([{ name: text }], `name eq ${pattern}`).length).toBe(0);
    } catch (error) {
      expect(error).toMatchObject({ status: 400, message: 'Invalid filter: the pattern is too expensive to match' });
    }
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it('gives up on a filter that takes long over many objects', () => {
    const before = performance.now();
    const items = Array.from({ length: 100_000 }, () => ({ name: mixed.slice(0, 6000) }));
    expect(() => filterObjects(items, 'name eq .*0.{300}1.*x')).toThrow('too expensive');
    expect(performance.now() - before).toBeLessThan(3000);
  });
});
