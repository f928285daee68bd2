import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exists } from './exists.ts';
import { removeTree } from './remove-tree.ts';

let place = '';
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'lxctl-remove-'));
  await writeFile(join(place, 'kept'), '');
});
afterEach(() => rm(place, { recursive: true, force: true }));

const left = () => readdir(place);

describe('a tree that is removed', () => {
  it('may be none, a file, or a symlink, whose target stays', async () => {
    await removeTree(join(place, 'none'));
    await removeTree(join(place, 'none/below'));
    await writeFile(join(place, 'file'), '');
    await symlink('kept', join(place, 'link'));
    await symlink('.', join(place, 'around'));
    for (const name of ['file', 'link', 'around']) await removeTree(join(place, name));
    expect(await left()).toEqual(['kept']);
  });

  it('is larger than one trip takes', async () => {
    const tree = join(place, 'tree');
    for (let at = 0; at < 3; at++) {
      await mkdir(join(tree, `d${at}`, 'empty'), { recursive: true });
      await Promise.all(Array.from({ length: 400 }, (_, file) => writeFile(join(tree, `d${at}`, `f${file}`), '')));
    }
    await removeTree(tree);
    expect(await left()).toEqual(['kept']);
  });

  it('leads nowhere by its symlinks', async () => {
    const tree = join(place, 'tree');
    await mkdir(join(tree, 'in'), { recursive: true });
    await mkdir(join(place, 'outside'));
    await writeFile(join(place, 'outside/file'), '');
    await symlink('../../outside', join(tree, 'in/out'));
    await symlink('/', join(tree, 'root'));
    await removeTree(tree);
    expect(await exists(join(place, 'outside/file'))).toBe(true);
    expect(await exists(tree)).toBe(false);
  });

  it('may be nested deeper than a path can say', async () => {
    const tree = join(place, 'tree');
    const deep = Array.from({ length: 200 }, () => 'd').join('/');
    await mkdir(join(tree, deep), { recursive: true });
    await removeTree(tree);
    expect(await left()).toEqual(['kept']);
  });
});
