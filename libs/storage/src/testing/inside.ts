import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { RootRecipe } from '../storage.ts';

const run = promisify(execFile);

/** Runs a shell script in the root that a recipe describes, in a mount namespace that ends with it. What it prints. Needs root. */
export async function inside({ layers, root }: RootRecipe, script: string): Promise<string> {
  const path = (layer: number) => layers[layer]?.path ?? '';
  const mount =
    root.kind === 'bind'
      ? `mount --bind ${path(root.layer)} /mnt`
      : `mount -t overlay overlay -o userxattr,lowerdir=${root.lower.map(path).join(':')},upperdir=${path(root.upper)}/upper,workdir=${path(root.upper)}/work /mnt`;
  const { stdout } = await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', `${mount}; cd /mnt; ${script}`]);
  return stdout;
}
