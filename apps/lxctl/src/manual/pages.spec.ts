import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { leaves } from '../run/tree.ts';
import { tree } from '../tree.ts';
import { manPages } from './pages.ts';

it('has a page for each command, and one that lists them', async () => {
  const pages = new Map(await manPages(tree, '1.2.3'));
  expect(pages.size).toBe(leaves(tree).length + 1);
  expect(pages.get('lxctl')).toContain('.B config device add\n');
  const page = pages.get('lxctl-image-list') ?? '';
  expect(page).toContain('.TH "LXCTL-IMAGE-LIST" 1 "" "lxctl 1.2.3" "lxctl"');
  expect(page).toContain('lxctl\\-image\\-list \\- List images');
  expect(page).toContain('.B \\-f, \\-\\-format <format>');
  // A text is no request.
  for (const [name, each] of pages) for (const line of each.split('\n')) expect(`${name}: ${line}`).not.toMatch(/: \.(?![A-Z]|nf$|fi$)/);
});

const has = spawnSync('groff', ['--version']).status === 0;
it.skipIf(!has)('are pages that groff sets without a word', async () => {
  for (const [name, page] of await manPages(tree, '1.2.3')) {
    const { stderr, status } = spawnSync('groff', ['-man', '-Tutf8', '-ww'], { input: page, encoding: 'utf8' });
    expect({ name, stderr, status }).toEqual({ name, stderr: '', status: 0 });
  }
});
