import { describe, expect, it } from 'vitest';
import { generatedName, nameProblems } from './name.ts';

describe('nameProblems', () => {
  it.each(['c1', 'web-01', 'A', 'a'.repeat(63)])('accepts %s', (name) => {
    expect(nameProblems(name)).toEqual([]);
  });

  it.each(['', '1abc', '-a', 'a-', 'a_b', 'a.b', 'ä', '../x', 'a/b', 'a'.repeat(64), undefined, 7])('refuses %s', (name) => {
    expect(nameProblems(name)).not.toEqual([]);
  });

  it('names every problem at once', () => {
    expect(nameProblems('-a_-')).toHaveLength(3);
  });
});

describe('generatedName', () => {
  it('is a valid name, numbered from the second attempt on', () => {
    expect(nameProblems(generatedName(Math.random, 0))).toEqual([]);
    expect(generatedName(() => 0.5, 1)).toMatch(/^[a-z]+-[a-z]+-5000$/);
  });
});
