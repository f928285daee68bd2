import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { shownBy } from '../../e2e/shown-by.ts';

it.each(Object.entries(shownBy))('%s is shown by a spec', async (_, [spec, words]) => {
  expect(await readFile(join(import.meta.dirname, '../..', spec), 'utf8')).toContain(words);
});
