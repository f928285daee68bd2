import { expect, it } from 'vitest';
import { drawTable } from './table.ts';

it("shows a guest's escape sequences as question marks", () => {
  const table = drawTable(['IPV4'], [['10.0.0.1 (\x1b[2J\u202eeth0\x07)\n10.0.0.2']]);
  expect(table).toContain('10.0.0.1 (?[2J?eth0?)');
  expect(table.split('\n')).toHaveLength(6);
});
