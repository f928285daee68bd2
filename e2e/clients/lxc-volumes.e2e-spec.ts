import { execFile } from 'node:child_process';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lxcInstalled, StockLxc } from './stock-lxc.ts';

let lxc: StockLxc;
const volume = (...words: string[]) => lxc.ok('storage', 'volume', ...words);
const refused = (...words: string[]) => lxc.fails('storage', 'volume', ...words);
const data = (pool: string, name: string) => join(lxc.daemon.dir, 'storage-pools', pool, 'custom', `default_${name}`, 'data');

describe.skipIf(!lxcInstalled)("custom volumes with the stock lxc (skipped where Debian's lxd-client is not installed)", () => {
  beforeAll(async () => {
    lxc = await StockLxc.start();
    await lxc.ok('storage', 'create', 'two', 'dir');
  });
  afterAll(() => lxc.stop());

  it('makes, shows, changes, renames and removes them', async () => {
    await volume('create', 'default', 'a', 'user.x=y');
    expect(await refused('create', 'default', 'a')).toBe('Volume by that name already exists');
    expect(await volume('list', 'default', 'type=custom', '-f', 'csv')).toBe('custom,a,,filesystem,0\n');
    expect(await volume('get', 'default', 'a', 'user.x')).toBe('y\n');
    await volume('set', 'default', 'a', 'user.x=z', 'user.w=1');
    await volume('unset', 'default', 'a', 'user.w');
    const shown = await volume('show', 'default', 'a');
    expect(shown).toMatch(/user\.x: z[\s\S]*name: a[\s\S]*type: custom[\s\S]*used_by: \[\][\s\S]*content_type: filesystem/);
    await lxc.feed(shown.replace('description: ""', 'description: mine'), 'storage', 'volume', 'edit', 'default', 'a');
    expect(await volume('show', 'default', 'a')).toContain('description: mine');
    expect(await volume('info', 'default', 'a')).toMatch(/Name: a\n[\s\S]*Usage: /);
    expect(await lxc.ok('storage', 'show', 'default')).toContain('- /1.0/storage-pools/default/volumes/custom/a');
    await volume('rename', 'default', 'a', 'b');
    expect(await refused('show', 'default', 'a')).toBe('Storage pool volume not found');
    await volume('delete', 'default', 'b');
    expect(await volume('list', 'default', 'type=custom', '-f', 'csv')).toBe('');
  });

  it('makes them devices of instances and profiles, and holds them', async () => {
    await volume('create', 'default', 'a');
    await lxc.ok('launch', 'busybox', 'c1');
    await volume('attach', 'default', 'a', 'c1', '/data');
    expect(await lxc.ok('config', 'device', 'show', 'c1')).toMatch(
      /a:\n {2}path: \/data\n {2}pool: default\n {2}source: a\n {2}type: disk/,
    );
    expect(await lxc.ok('exec', 'c1', '--', 'sh', '-c', 'touch /data/x; ls /data')).toBe('x\n');
    expect(await volume('show', 'default', 'a')).toContain('used_by:\n- /1.0/instances/c1\n');
    expect(await volume('list', 'default', 'type=custom', '-f', 'csv')).toBe('custom,a,,filesystem,1\n');
    expect(await refused('delete', 'default', 'a')).toBe('The storage volume is still in use');
    expect(await refused('rename', 'default', 'a', 'b')).toBe('Volume is still in use by running instances');
    expect(await refused('attach', 'default', 'a', 'c1')).toMatch(/already exists/);
    await volume('detach', 'default', 'a', 'c1');
    expect(await refused('detach', 'default', 'a', 'c1')).toBe('No device found for this storage volume');
    expect(await lxc.ok('exec', 'c1', '--', 'ls', '-A', '/data')).toBe('');
    await volume('attach-profile', 'default', 'a', 'default', 'd', '/srv');
    expect(await lxc.ok('exec', 'c1', '--', 'ls', '/srv')).toBe('x\n');
    expect(await volume('show', 'default', 'a')).toContain('used_by:\n- /1.0/profiles/default\n');
    await lxc.ok('stop', 'c1', '--force');
    await volume('rename', 'default', 'a', 'b');
    expect(await lxc.ok('profile', 'device', 'get', 'default', 'd', 'source')).toBe('b\n');
    await volume('detach-profile', 'default', 'b', 'default', 'd');
    expect(await refused('attach', 'default', 'none', 'c1', '/x')).toMatch(/Failed loading custom volume: Storage volume not found/);
    await lxc.ok('delete', 'c1');
    await volume('delete', 'default', 'b');
  });

  it('takes snapshots of them, and goes back', async () => {
    await volume('create', 'default', 's');
    const file = join(data('default', 's'), 'file');
    await writeFile(file, 'first');
    await volume('snapshot', 'default', 's');
    await volume('snapshot', 'default', 's', 'mine');
    expect(await refused('snapshot', 'default', 's', 'mine')).toBe('Snapshot "mine" already in use');
    await volume('snapshot', 'default', 's', 'mine', '--reuse');
    expect(await volume('list', 'default', 'type=custom', '-f', 'csv')).toMatch(
      /^custom,s,.*\ncustom \(snapshot\),s\/mine,.*\ncustom \(snapshot\),s\/snap0,/,
    );
    await writeFile(file, 'second');
    await lxc.ok('launch', 'busybox', 'c1');
    await volume('attach', 'default', 's', 'c1', '/data');
    expect(await refused('restore', 'default', 's', 'snap0')).toBe('Cannot restore custom volume used by running instances');
    await lxc.ok('stop', 'c1', '--force');
    await volume('restore', 'default', 's', 'snap0');
    await lxc.ok('start', 'c1');
    expect(await lxc.ok('exec', 'c1', '--', 'cat', '/data/file')).toBe('first');
    await lxc.ok('delete', 'c1', '--force');
    await lxc.feed('description: kept\nexpires_at: 2100-01-01T00:00:00Z\n', 'storage', 'volume', 'edit', 'default', 's/mine');
    expect(await volume('show', 'default', 's/mine')).toMatch(/description: kept\nexpires_at: 2100-01-01T00:00:00Z\nname: mine\n/);
    await volume('rename', 'default', 's/mine', 's/yours');
    await volume('copy', 'default/s', 'two/s');
    await volume('copy', 'default/s/yours', 'default/t');
    expect(await volume('list', 'two', '-f', 'csv')).toMatch(/s\/snap0,[\s\S]*s\/yours,kept,/);
    expect(await volume('list', 'default', 'type=custom', '-f', 'csv')).not.toContain('t/');
    await volume('delete', 'default', 's/snap0');
    expect(await refused('delete', 'default', 's/snap0')).toBe('Storage volume snapshot not found');
    for (const name of ['s', 't']) await volume('delete', 'default', name);
    await volume('delete', 'two', 's');
    expect(await volume('list', 'default', 'type=custom', '-f', 'csv')).toBe('');
  });

  it('backs them up while a guest writes to them and moves links about', async () => {
    await volume('create', 'default', 'b', 'user.x=y');
    await lxc.ok('launch', 'busybox', 'c1');
    await volume('attach', 'default', 'b', 'c1', '/data');
    // In the guest each is its own /etc; on the host the link would lead to the host's.
    const restless = 'cd /data; mkdir d; echo mine > d/file; while :; do mv d e; ln -s /etc d; echo x >> log; rm d; mv e d; done';
    await lxc.ok('exec', 'c1', '--', 'sh', '-c', `(${restless}) >/dev/null 2>&1 </dev/null & until [ -s /data/log ]; do :; done`);
    for (const name of ['b0', 'b1', 'b2']) {
      expect(await volume('export', 'default', 'b', `${name}.tar`, '--compression', 'none')).toContain('Backup exported successfully!');
      const { stdout } = await promisify(execFile)('tar', ['-tf', join(lxc.home, `${name}.tar`)]);
      expect(stdout).toMatch(/^backup\/index.yaml\n/);
      expect(stdout).not.toContain('passwd');
    }
    await lxc.ok('stop', 'c1', '--force');
    await volume('export', 'default', 'b', 'b.tar.gz');
    await volume('import', 'two', 'b.tar.gz');
    expect(await volume('get', 'two', 'b', 'user.x')).toBe('y\n');
    expect((await readdir(data('two', 'b'))).sort()).toEqual((await readdir(data('default', 'b'))).sort());
    expect(await refused('import', 'two', 'b.tar.gz')).toBe('Volume by that name already exists');
    expect(await refused('export', 'default', 'b', 'c.tar', '--optimized-storage')).toContain('optimized_storage');
    expect(await lxc.ok('query', '/1.0/storage-pools/default/volumes/custom/b/backups')).toBe('[]\n\n');
    await lxc.ok('delete', 'c1');
    await volume('delete', 'default', 'b');
    await volume('delete', 'two', 'b');
  });

  it('copies and moves them, in a pool and to another', async () => {
    await volume('create', 'default', 'c', 'user.x=y');
    await writeFile(join(data('default', 'c'), 'file'), 'mine', { mode: 0o640 });
    await volume('copy', 'default/c', 'default/d');
    await volume('copy', 'default/c', 'two/c');
    expect((await stat(join(data('two', 'c'), 'file'))).mode & 0o777).toBe(0o640);
    expect(await volume('get', 'two', 'c', 'user.x')).toBe('y\n');
    expect(await refused('move', 'default/d', 'two/c')).toMatch(/already exists/);
    await volume('move', 'default/d', 'default/e');
    await volume('move', 'default/e', 'two/e');
    expect((await stat(join(data('two', 'e'), 'file'))).size).toBe(4);
    expect(await volume('list', 'two', '-f', 'csv')).toBe('custom,c,,filesystem,0\ncustom,e,,filesystem,0\n');
    expect(await lxc.fails('storage', 'delete', 'two')).toBe('The storage pool is currently in use');
    for (const [pool = '', name = ''] of [
      ['default', 'c'],
      ['two', 'c'],
      ['two', 'e'],
    ])
      await volume('delete', pool, name);
  });

  it.each([
    [['create', 'nope', 'v'], /^Storage pool not found$/],
    [['create', 'default', 'v', 'nonsense=1'], /Invalid option for volume "default_v" option "nonsense"/],
    [['create', 'default', 'v', 'size=1GiB'], /cannot honour a "size": its driver overlay has no quotas/],
    [['create', 'default', 'v', '--type=block'], /"block" are not supported by this server: they are disks of virtual machines/],
    [['delete', 'default', 'v'], /^Storage pool volume not found$/],
    [['rename', 'default', 'v', 'w'], /^Storage pool volume not found$/],
    [['show', 'default', 'v'], /^Storage pool volume not found$/],
    [['info', 'default', 'v'], /^Storage pool volume not found$/],
    [['snapshot', 'default', 'v'], /^Storage pool volume not found$/],
  ])('refuses lxc storage volume %j in one clear sentence', async (words, sentence) => {
    expect(await refused(...words)).toMatch(sentence);
  });
});
