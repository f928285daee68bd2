import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isSubvolume, removeOpenTree, removeTree } from '#lib/host';
import { titled } from '../../../../host/src/testing/needs.ts';
import type { RootPlace } from '../../driver.ts';
import { storageDriverConformance } from '../../storage-driver.conformance.ts';
import { BtrfsGround } from '../../testing/btrfs-ground.ts';
import { btrfsDriver } from './index.ts';
import { btrfsQuota } from './quota.ts';
import { btrfsTrees } from './trees.ts';

const run = promisify(execFile);
const ground = new BtrfsGround();
const { lack } = BtrfsGround;

beforeAll(async () => {
  if (lack === '') await ground.begin();
});
afterAll(async () => {
  if (lack === '') await ground.end();
});

storageDriverConformance(btrfsDriver, { lack, directory: () => ground.directory });

describe.skipIf(lack !== '')(titled('trees on btrfs', lack), () => {
  let pool = '';
  beforeEach(async () => {
    pool = await mkdtemp(join(ground.directory, 'pool-'));
  });
  afterEach(() => removeTree(pool));

  const place = async (name: string): Promise<RootPlace> => {
    const directory = join(pool, name);
    await mkdir(directory);
    return { directory, pool };
  };
  const sh = async (cwd: string, script: string) => (await run('sh', ['-ec', script], { cwd })).stdout;
  const subvolumes = async () => (await sh(pool, 'btrfs subvolume list -o .')).trim().split('\n').filter(Boolean).length;

  /** What a guest can do: subvolumes in subvolumes, read-only ones among them; and where its root is one, a snapshot of it all. */
  const nest = `mkdir -p a/b; btrfs -q subvolume create a/b/n; echo inner > a/b/n/f
    btrfs -q subvolume snapshot -r a/b/n a/b/n/ro; btrfs -q subvolume create a/b/n/deep`;
  const nestWhole = `${nest}; btrfs -q subvolume snapshot -r . whole`;

  it('are copied with the subvolumes that a guest has nested, and go with them', async () => {
    const [from, to] = [await place('one'), await place('two')];
    await btrfsDriver.create.create(from, []);
    await sh(join(from.directory, 'rootfs'), nestWhole);
    await btrfsDriver.copy?.copy(from, to, null);
    const list = (root: RootPlace) => sh(join(root.directory, 'rootfs'), 'find . | sort; cat a/b/n/f a/b/n/ro/f');
    expect(await list(to)).toBe(await list(from));
    await expect(writeFile(join(to.directory, 'rootfs/a/b/n/ro/new'), '')).rejects.toThrow('EROFS');
    await writeFile(join(to.directory, 'rootfs/a/b/n/f'), 'changed');
    expect(await readFile(join(from.directory, 'rootfs/a/b/n/f'), 'utf8')).toBe('inner\n');
    await removeTree(from.directory);
    await removeTree(to.directory);
    expect(await readdir(pool)).toEqual([]);
    expect(await subvolumes()).toBe(0);
  });

  it('go also where a guest has nested subvolumes in a plain directory, and while it makes more', async () => {
    await mkdir(join(pool, 'plain'));
    await sh(join(pool, 'plain'), nest);
    await removeTree(join(pool, 'plain'));
    await btrfsTrees.make(join(pool, 'open'), 0o711);
    await sh(join(pool, 'open'), nestWhole);
    const guest = run('sh', ['-c', 'for n in $(seq 200); do btrfs -q subvolume create s$n || exit 0; done'], { cwd: join(pool, 'open') });
    await removeOpenTree(join(pool, 'open'));
    await guest.catch(() => {});
    expect(await readdir(pool)).toEqual([]);
    expect(await subvolumes()).toBe(0);
  });

  it('are never removed through a mount', async () => {
    await btrfsTrees.make(join(pool, 'precious'), 0o700);
    await writeFile(join(pool, 'precious/file'), 'kept');
    await mkdir(join(pool, 'tree/at'), { recursive: true });
    await sh(pool, 'mount --bind precious tree/at');
    try {
      await expect(removeTree(join(pool, 'tree'))).rejects.toThrow(/EXDEV|EBUSY/);
      await expect(removeTree(join(pool, 'tree/at'))).rejects.toThrow('EBUSY');
    } finally {
      await sh(pool, 'umount tree/at');
    }
    expect(await isSubvolume(join(pool, 'precious'))).toBe(true);
  });

  it('take a plain directory, with what an inode has, once', async () => {
    await mkdir(join(pool, 'tree'), { mode: 0o750 });
    await sh(join(pool, 'tree'), 'echo a > f; chown 5:6 f; chmod 4751 f; ln f g; ln -s /nowhere l');
    await btrfsTrees.take(join(pool, 'tree'));
    await btrfsTrees.take(join(pool, 'tree'));
    expect(await isSubvolume(join(pool, 'tree'))).toBe(true);
    expect(await sh(join(pool, 'tree'), 'stat -c "%n %u:%g %a %h" . f l')).toBe('. 0:0 750 1\nf 5:6 4751 2\nl 0:0 777 1\n');
    expect(await readdir(pool)).toEqual(['tree']);
  });

  it('copy what is no subvolume of theirs', async () => {
    const other = await mkdtemp('/tmp/lxctl-other-');
    await writeFile(join(other, 'f'), 'of ext4');
    await btrfsTrees.copy(other, join(pool, 'tree'));
    await rm(other, { recursive: true });
    expect(await isSubvolume(join(pool, 'tree'))).toBe(true);
    expect(await readFile(join(pool, 'tree/f'), 'utf8')).toBe('of ext4');
  });

  it('snapshot without moving a byte, whatever they hold', async () => {
    await btrfsTrees.make(join(pool, 'large'), 0o755);
    await sh(join(pool, 'large'), 'head -c 200M /dev/urandom > f; sync -f .');
    const before = (await stat(ground.file)).blocks;
    await btrfsTrees.copy(join(pool, 'large'), join(pool, 'copy'));
    await sh(pool, 'sync -f .');
    expect(((await stat(ground.file)).blocks - before) * 512).toBeLessThan(8 * 1024 ** 2);
  });

  it('hold no more than they may, live, and say what they hold', async () => {
    const tree = join(pool, 'bounded');
    const write = (mib: number) => sh(tree, `head -c ${mib}M /dev/urandom > f; sync -f .`);
    await btrfsTrees.make(tree, 0o755);
    expect(await btrfsQuota.usage(tree)).toBe(null);
    await btrfsQuota.limit(tree, 20 * 1024 ** 2);
    await expect(write(40)).rejects.toThrow('Disk quota exceeded');
    await btrfsQuota.limit(tree, 60 * 1024 ** 2);
    await write(40);
    expect(await btrfsQuota.usage(tree)).toBeGreaterThan(40 * 1024 ** 2 - 1);
    await btrfsQuota.limit(tree, null);
    await write(70);
    // A copy has the bound of what it is of, until it gets one of its own.
    await btrfsQuota.limit(tree, 75 * 1024 ** 2);
    await btrfsTrees.copy(tree, join(pool, 'copy'));
    await btrfsQuota.limit(join(pool, 'copy'), null);
    await sh(join(pool, 'copy'), 'head -c 20M /dev/urandom > g; sync -f .');
  });

  it('leave no group of quotas behind, once the pool is prepared again', async () => {
    const groups = async () => (await sh(pool, 'btrfs qgroup show .')).split('\n').filter((line) => line.startsWith('0/')).length;
    /** The file system's own has one, too. */
    const there = async () => (await sh(ground.directory, 'btrfs subvolume list .')).split('\n').filter(Boolean).length + 1;
    const tree = join(pool, 'tree');
    await btrfsTrees.make(tree, 0o755);
    await btrfsQuota.limit(tree, 20 * 1024 ** 2);
    await removeTree(tree);
    // The kernel clears away what was deleted after a commit.
    await sh(pool, 'btrfs -q filesystem sync .; btrfs -q subvolume sync -s 1 .; btrfs -q filesystem sync .');
    await btrfsDriver.pool.prepare(pool);
    expect(await groups()).toBe(await there());
  }, 60_000);
});
