import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lackOfRoot, titled } from '../../../../host/src/testing/needs.ts';

const run = promisify(execFile);
const why = lackOfRoot('unshare', 'mount', 'perl');

/**
 * What README and docs/security.md say that roots on the overlay driver cannot do. A kernel that can makes these fail: then
 * the driver is to use it.
 */
describe.skipIf(why !== '')(titled('the kernel under the overlay driver', why), () => {
  let place = '';
  beforeEach(async () => {
    place = await mkdtemp('/tmp/lxctl-overlay-');
    for (const name of ['lower/directory', 'upper', 'work', 'root', 'inner']) await mkdir(join(place, name), { recursive: true });
  });
  afterEach(() => rm(place, { recursive: true, force: true }));

  const inside = (script: string) => run('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', script], { cwd: place });
  const overlay = 'mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr';

  it('refuses redirect_dir beside userxattr, which a user namespace needs', async () => {
    await expect(inside(`${overlay},redirect_dir=on root`)).rejects.toThrow(/wrong fs type, bad option|Invalid argument/);
  });

  it('so a directory of the image is not renamed in one step, and one of the root is', async () => {
    const rename = (from: string, to: string) => `perl -e 'rename("root/${from}", "root/${to}") or print "$!"'`;
    expect((await inside(`${overlay} root; ${rename('directory', 'other')}`)).stdout).toBe('Invalid cross-device link');
    expect((await inside(`${overlay} root; mkdir root/own; ${rename('own', 'other')}`)).stdout).toBe('');
  });

  it('takes no upper layer on an overlay, and takes one on a tmpfs', async () => {
    const inner = (at: string) =>
      `mkdir -p ${at}/u ${at}/w; mount -t overlay i -o lowerdir=lower,upperdir=${at}/u,workdir=${at}/w,userxattr inner`;
    await expect(inside(`${overlay} root; ${inner('root')}`)).rejects.toThrow(/wrong fs type, bad option|Invalid argument/);
    await inside(`mount -t tmpfs t root; ${inner('root')}`);
  });
});
