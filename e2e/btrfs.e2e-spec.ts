import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { titled } from '../libs/host/src/testing/needs.ts';
import { BtrfsGround } from '../libs/storage/src/testing/btrfs-ground.ts';
import { abuseProgram } from './harness/abuse.ts';
import { TestDaemon } from './harness/daemon.ts';
import { loopsOf, mounts } from './harness/leftovers.ts';

const run = promisify(execFile);
const { lack } = BtrfsGround;
const recipe = { type: 'image', protocol: 'recipe', alias: 'busybox' } as const;

describe.skipIf(lack !== '')(titled('pools of the driver btrfs', lack), () => {
  let daemon: TestDaemon;
  beforeAll(async () => {
    daemon = await TestDaemon.start();
    await daemon.client.pools.create({ name: 'p', driver: 'btrfs', description: '', config: { size: '1GiB' } });
    await launch('c', 'p');
  });
  // The pool and its mount are there until then: they go with the daemon that stops for good.
  afterAll(async () => {
    expect(await daemon.stop()).toEqual([]);
  });

  const launch = (name: string, pool: string, more: Record<string, string> = {}) =>
    daemon.done(
      daemon.client.instances.create({
        ...{ name, source: recipe, start: true },
        devices: { root: { type: 'disk', path: '/', pool, ...more } },
      }),
    );
  const sh = (name: string, script: string) => daemon.exec(name, ['sh', '-c', script], { cwd: '/' });
  const state = (name: string, action: 'start' | 'stop') =>
    daemon.done(daemon.client.instances.setState(name, { action, force: true, timeout: 10 }));
  const create = (name: string, config: Record<string, string>) =>
    daemon.client.pools.create({ name, driver: 'btrfs', description: '', config });
  const place = (...path: string[]) => join(daemon.dir, ...path);

  it('are made in a file of the server, which their config names', async () => {
    const { config, status } = await daemon.client.pools.get('p');
    expect([config, status]).toEqual([{ source: place('disks/p.img'), size: '1GiB' }, 'Created']);
    expect(await loopsOf(daemon.dir)).toHaveLength(1);
    const { space } = await daemon.client.pools.resources('p');
    expect(space.total).toBe(1024 ** 3);
  });

  it('hold what runs, its snapshots and copies, as the others do', async () => {
    await sh('c', 'echo first > /root/f');
    await daemon.done(daemon.client.instances.takeSnapshot('c', { name: 's' }));
    await sh('c', 'echo second > /root/f; chown 7:8 /root/f');
    await daemon.done(daemon.client.instances.create({ name: 'd', source: { type: 'copy', source: 'c' }, start: true }));
    expect((await sh('d', 'cat /root/f; stat -c %u:%g /root/f')).stdout).toBe('second\n7:8\n');
    await daemon.done(daemon.client.instances.replace('c', { restore: 's' }));
    expect((await sh('c', 'cat /root/f; stat -c %u:%g /root/f')).stdout).toBe('first\n0:0\n');
    await daemon.remove('d');
  });

  it('give what runs to a pool of layers, on the image, and take it back', async () => {
    const { client } = daemon;
    const copied = async (from: string, name: string, pool: string) => {
      const devices = { root: { type: 'disk', path: '/', pool } };
      await daemon.done(client.instances.create({ name, source: { type: 'copy', source: from }, devices, start: true }));
    };
    await sh('c', 'echo fourth > /root/f; echo g > /root/g');
    await copied('c', 'e', 'default');
    expect((await sh('e', 'cat /root/f /root/g')).stdout).toBe('fourth\ng\n');
    const changes = await readdir(place('storage-pools/default/layers'));
    const kept = await Promise.all(
      changes.map((layer) => readdir(place('storage-pools/default/layers', layer, 'upper/bin')).catch(() => [])),
    );
    // Programs are the image's: none of them came.
    expect(kept.flat()).toEqual([]);
    await copied('e', 'f', 'p');
    expect((await sh('f', 'cat /root/f /root/g; stat -c %u:%g /root/f')).stdout).toBe('fourth\ng\n0:0\n');
    await daemon.done(client.instances.replace('f', { restore: 's' }));
    expect((await sh('f', 'cat /root/f; ls /root')).stdout).toBe('first\nf\n');
    for (const name of ['e', 'f']) await daemon.remove(name);
    await sh('c', 'rm /root/g');
  });

  it('stay mounted for what runs when the daemon is killed, and are mounted anew after a boot', async () => {
    const before = await mounts(daemon.dir);
    await daemon.kill();
    expect(await mounts(daemon.dir)).toEqual(before);
    await daemon.launch();
    expect(await mounts(daemon.dir)).toEqual(before);
    expect((await sh('c', 'echo third > /root/f; cat /root/f')).stdout).toBe('third\n');
    await state('c', 'stop');
    await daemon.kill();
    await run('umount', [place('storage-pools/p')]);
    await daemon.launch();
    await state('c', 'start');
    expect((await sh('c', 'cat /root/f')).stdout).toBe('third\n');
  });

  it('are unavailable, and stop nothing else, when their file is another', async () => {
    await create('lost', { size: '256MiB' });
    await daemon.kill();
    await run('umount', [place('storage-pools/lost')]);
    await writeFile(place('disks/lost.img'), 'another thing');
    await daemon.launch();
    const { status } = await daemon.client.pools.get('lost');
    expect(status).toBe('Errored');
    expect((await daemon.client.pools.get('p')).status).toBe('Created');
    await daemon.client.pools.delete('lost');
    // It is not what the pool was, so it is not the server's to remove.
    expect(await readFile(place('disks/lost.img'), 'utf8')).toBe('another thing');
    await rm(place('disks/lost.img'));
  });

  it('grow while they are used, and do not shrink', async () => {
    const change = (config: Record<string, string>) => daemon.client.api.send('PATCH', '/1.0/storage-pools/p', { config });
    await change({ size: '2GiB' });
    expect((await daemon.client.pools.resources('p')).space.total).toBe(2 * 1024 ** 3);
    await expect(change({ size: '1GiB' })).rejects.toThrow('cannot be reduced');
    await expect(change({ 'btrfs.mount_options': 'ro' })).rejects.toThrow('a list of mount options');
  });

  it('are what the server refuses with a reason, and nothing is left of what was refused', async () => {
    const files = await readdir(place('disks'));
    await expect(create('small', { size: '50MiB' })).rejects.toThrow('too small');
    await expect(create('odd', { size: '256MiB', 'btrfs.mount_options': 'no_such_option' })).rejects.toThrow('no_such_option');
    await expect(create('dev', { source: '/dev/null' })).rejects.toThrow('it is not a block device');
    await expect(create('dev', { source: '/dev/nowhere' })).rejects.toThrow('does not exist');
    await expect(create('ext4', { source: await mkdtemp('/tmp/lxe-ext4-') })).rejects.toThrow('it is not on a btrfs file system');
    await expect(create('sized', { source: '/srv', size: '1GiB' })).rejects.toThrow('for pools with a file system of their own');
    expect(await readdir(place('disks'))).toEqual(files);
    expect(await readdir(place('storage-pools'))).toEqual(['default', 'p']);
    expect((await daemon.client.pools.list()).map(({ name }) => name)).toEqual(['default', 'p']);
  });

  it('hold custom volumes, whose snapshots and copies cost nothing', async () => {
    const { pools } = daemon.client;
    await pools.createVolume('p', { name: 'v', content_type: 'filesystem', config: {} });
    const data = (name: string) => place('storage-pools/p/custom', `default_${name}`, 'data');
    await run('sh', ['-c', `head -c 100M /dev/zero | tr '\\0' x > ${data('v')}/f; sync -f ${data('v')}`]);
    const used = async () => (await pools.resources('p')).space.used;
    const before = await used();
    await daemon.client.operations.finish(await pools.snapshotVolume('p', 'v', { name: 's' }));
    await writeFile(join(data('v'), 'f'), 'short');
    await daemon.client.operations.finish(await pools.copyVolume('p', { name: 'w', source: { pool: 'p', name: 'v', volume_only: false } }));
    await pools.restoreVolume('p', 'v', 's');
    expect((await readFile(join(data('v'), 'f'))).length).toBe(100 * 1024 ** 2);
    expect((await used()) - before).toBeLessThan(20 * 1024 ** 2);
    for (const name of ['v', 'w']) await pools.deleteVolume('p', name);
  });

  describe('with sizes', () => {
    const fill = (name: string, path: string, mib: number) => sh(name, `dd if=/dev/urandom of=${path} bs=1M count=${mib} && sync`);
    const resize = (size: string) =>
      daemon.client.api.send('PATCH', '/1.0/instances/q', { devices: { root: { type: 'disk', path: '/', pool: 'p', size } } });
    beforeAll(() => launch('q', 'p', { size: '60MiB' }));
    afterAll(() => daemon.remove('q'));

    it('hold a root to its size, which changes while it runs', async () => {
      expect((await fill('q', '/root/f', 80)).stderr).toContain('Disk quota exceeded');
      await sh('q', 'rm /root/f; sync');
      await resize('160MiB');
      expect((await fill('q', '/root/f', 80)).code).toBe(0);
      const { disk } = await daemon.client.instances.state('q');
      expect(disk?.root?.usage).toBeGreaterThan(80 * 1024 ** 2);
      await expect(resize('70MiB')).rejects.toThrow(/holds 8\d[\d.]*MiB already/);
      await sh('q', 'rm /root/f; sync');
    });

    it('hold it also after a restore, and a copy and a root made anew when they start', async () => {
      await resize('60MiB');
      await daemon.done(daemon.client.instances.takeSnapshot('q', { name: 's' }));
      await daemon.done(daemon.client.instances.replace('q', { restore: 's' }));
      expect((await fill('q', '/root/f', 80)).stderr).toContain('Disk quota exceeded');
      await sh('q', 'rm /root/f');
      await daemon.done(daemon.client.instances.create({ name: 'r', source: { type: 'copy', source: 'q' }, start: true }));
      expect((await fill('r', '/root/f', 80)).stderr).toContain('Disk quota exceeded');
      await daemon.remove('r');
    });

    it('let no guest leave its size behind in a subvolume of its own', async () => {
      const stdin = abuseProgram().toString('base64');
      for (const name of ['q', 'c']) await daemon.exec(name, ['sh', '-c', 'base64 -d > /root/abuse && chmod +x /root/abuse'], { stdin });
      const tries = async (name: string, more = '') =>
        (await sh(name, `mkdir -p /root/d && /root/abuse subvolume /root/d ${more}`)).stdout.trim();
      expect([await tries('q'), await tries('q', 'high')]).toEqual(['EPERM EPERM EPERM EPERM', 'EPERM EPERM EPERM EPERM']);
      // Nobody minds what a guest makes in a tree that has no size; it goes with it.
      expect(await tries('c')).toMatch(/^made made (made|EINVAL) (made|EINVAL)$/);
      await daemon.done(daemon.client.instances.takeSnapshot('c', { name: 'nested' }));
      await daemon.done(daemon.client.instances.replace('c', { restore: 'nested' }));
      expect((await sh('c', 'ls /root/d')).stdout).toMatch(/one\n[\s\S]*two/);
    });

    it('hold a volume to its size, while it is used', async () => {
      const { pools, api } = daemon.client;
      await pools.createVolume('p', { name: 'b', content_type: 'filesystem', config: { size: '20MiB' } });
      const attach = {
        data: { type: 'disk', pool: 'p', source: 'b', path: '/data' },
        root: { type: 'disk', path: '/', pool: 'p', size: '60MiB' },
      };
      await api.send('PATCH', '/1.0/instances/q', { devices: attach });
      expect((await fill('q', '/data/f', 30)).stderr).toContain('Disk quota exceeded');
      await api.send('PATCH', '/1.0/storage-pools/p/volumes/custom/b', { config: { size: '40MiB' } });
      expect((await fill('q', '/data/f', 30)).code).toBe(0);
      const state = await api.get<{ usage: { used: number; total: number } }>('/1.0/storage-pools/p/volumes/custom/b/state');
      expect(state.usage.total).toBe(40 * 1024 ** 2);
      expect(state.usage.used).toBeGreaterThan(30 * 1024 ** 2);
      await expect(api.send('PATCH', '/1.0/storage-pools/p/volumes/custom/b', { config: { size: '10MiB' } })).rejects.toThrow('holds 30');
      const { data: _, ...without } = attach;
      const row = await daemon.client.instances.get('q');
      await daemon.done(daemon.client.instances.replace('q', { ...row, devices: without }));
      await pools.deleteVolume('p', 'b');
    });

    it('are refused where the driver has no quotas', async () => {
      await expect(launch('x', 'default', { size: '1GiB' })).rejects.toThrow('cannot honour a "size": its driver overlay has no quotas');
      const volume = { name: 'x', content_type: 'filesystem', config: { size: '1GiB' } } as const;
      await expect(daemon.client.pools.createVolume('default', volume)).rejects.toThrow('has no quotas');
    });
  });

  describe('elsewhere', () => {
    const ground = new BtrfsGround();
    beforeAll(() => ground.begin());
    afterAll(() => ground.end());

    it('are in a directory on a btrfs, which stays', async () => {
      const source = join(ground.directory, 'pool');
      await mkdir(source);
      await create('there', { source });
      expect((await daemon.client.pools.get('there')).config).toEqual({ source, 'volatile.initial_source': source });
      await launch('e', 'there');
      expect((await sh('e', 'touch /x && ls /x')).stdout).toBe('/x\n');
      await daemon.remove('e');
      await daemon.client.pools.delete('there');
      expect(await readdir(source)).toEqual([]);
    });

    it('are on a block device that has no file system, and leave it so', async () => {
      const file = join(ground.directory, 'disk');
      await run('truncate', ['-s', '300M', file]);
      const device = (await run('losetup', ['--find', '--show', file])).stdout.trim();
      try {
        await run('mkfs.ext4', ['-q', device]);
        await expect(create('disk', { source: device })).rejects.toThrow(/existing filesystem \(ext4\)/);
        await run('wipefs', ['-qa', device]);
        for (const _ of ['once', 'again']) {
          await create('disk', { source: device });
          await expect(create('other', { source: device })).rejects.toThrow('the pool "disk" is there');
          await daemon.restart();
          await launch('e', 'disk');
          await daemon.remove('e');
          await daemon.client.pools.delete('disk');
        }
      } finally {
        await run('losetup', ['--detach', device]);
      }
    });
  });
});
