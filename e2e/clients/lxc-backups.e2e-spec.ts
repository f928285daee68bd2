import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lxcInstalled, StockLxc } from './stock-lxc.ts';

let lxc: StockLxc;
const inside = (name: string, script: string) => lxc.ok('exec', name, '--', 'sh', '-c', script);
const run = promisify(execFile);
const membersOf = async (file: string) => (await run('tar', ['-tf', join(lxc.home, file)])).stdout.split('\n');

describe.skipIf(!lxcInstalled)("backups with the stock lxc (skipped where Debian's lxd-client is not installed)", () => {
  beforeAll(async () => {
    lxc = await StockLxc.start();
    await lxc.ok('launch', 'busybox', 'b', '-c', 'user.a=1');
    await inside('b', 'mkdir /data; echo one > /data/file');
    await lxc.ok('snapshot', 'b', 's');
    await inside('b', 'echo two > /data/file; ln /data/file /data/linked');
  });
  afterAll(() => lxc.stop());

  it('exports an instance that runs, with its snapshots, and keeps no backup', async () => {
    expect(await lxc.ok('export', 'b', 'b.tar.gz')).toContain('Backup exported successfully!');
    const members = await membersOf('b.tar.gz');
    expect(members[0]).toBe('backup/index.yaml');
    for (const path of ['snapshots/s/rootfs/data/file', 'container/rootfs/data/linked', 'container/backup.yaml', 'container/metadata.yaml'])
      expect(members).toContain(`backup/${path}`);
    expect((await run('tar', ['-xOf', join(lxc.home, 'b.tar.gz'), 'backup/snapshots/s/rootfs/data/file'])).stdout).toBe('one\n');
    expect(await lxc.ok('query', '/1.0/instances/b/backups')).toBe('[]\n\n');
    expect(await lxc.ok('list', '-f', 'csv', '-c', 'nsS')).toBe('b,RUNNING,1\n');
  });

  it('compresses as the request or the server says', async () => {
    const magics = { zstd: '28b52ffd', xz: 'fd377a58', bzip2: '425a68', gzip: '1f8b', none: Buffer.from('backup/i').toString('hex') };
    for (const [compression, magic] of Object.entries(magics)) {
      await lxc.ok('export', 'b', `b.${compression}`, '--instance-only', '--compression', compression);
      expect((await readFile(join(lxc.home, `b.${compression}`))).toString('hex', 0, 8)).toMatch(new RegExp(`^${magic}`));
    }
    expect((await membersOf('b.none')).filter((name) => name.startsWith('backup/snapshots'))).toEqual([]);
    await lxc.ok('config', 'set', 'backups.compression_algorithm', 'zstd -1');
    await lxc.ok('export', 'b', 'b.server', '--instance-only');
    expect((await readFile(join(lxc.home, 'b.server'))).toString('hex', 0, 4)).toBe(magics.zstd);
    await lxc.ok('config', 'unset', 'backups.compression_algorithm');
    expect(await lxc.fails('export', 'b', 'c', '--compression', 'foo')).toContain('Invalid compression algorithm "foo"');
    expect(await lxc.fails('export', 'b', 'c', '--optimized-storage')).toContain('optimized_storage');
  });

  it('makes instances of them again: beside the first, and in its place', async () => {
    await lxc.ok('import', 'b.tar.gz', 'twin');
    expect(await lxc.ok('list', '-f', 'csv', '-c', 'nsS')).toBe('b,RUNNING,1\ntwin,STOPPED,1\n');
    await lxc.ok('start', 'twin');
    expect(await inside('twin', 'cat /data/file; stat -c "%h %u:%g" /data/linked')).toBe('two\n2 0:0\n');
    const address = async (name: string) => lxc.ok('config', 'get', name, 'volatile.eth0.hwaddr');
    const first = await address('b');
    expect(await address('twin')).not.toBe(first);
    await lxc.ok('restore', 'twin', 's');
    expect(await inside('twin', 'cat /data/file')).toBe('one\n');
    expect(await lxc.fails('import', 'b.tar.gz')).toContain('Instance "b" already exists');
    await lxc.ok('storage', 'create', 'plain', 'dir');
    await lxc.ok('import', 'b.tar.gz', 'elsewhere', '--storage', 'plain');
    expect(await lxc.ok('config', 'device', 'get', 'elsewhere', 'root', 'pool')).toBe('plain\n');
    await lxc.ok('start', 'elsewhere');
    expect(await inside('elsewhere', 'cat /data/file')).toBe('two\n');
    await lxc.ok('restore', 'elsewhere', 's');
    expect(await inside('elsewhere', 'cat /data/file')).toBe('one\n');
    await lxc.ok('delete', 'twin', 'elsewhere', '--force');
    await lxc.ok('storage', 'delete', 'plain');
    expect(await lxc.fails('import', 'b.tar.gz', 'x', '--storage', 'plain')).toBe('Storage pool not found');
    await lxc.ok('delete', 'b', '--force');
    await lxc.ok('import', 'b.tar.gz');
    expect(await address('b')).toBe(first);
    expect(await lxc.ok('config', 'get', 'b', 'user.a')).toBe('1\n');
    await lxc.ok('start', 'b');
  });

  it('makes none of what is no backup', async () => {
    await writeFile(join(lxc.home, 'text'), 'no archive');
    expect(await lxc.fails('import', 'text', 'x')).toContain('Invalid backup: the file is not an archive');
    await writeFile(join(lxc.home, 'short'), (await readFile(join(lxc.home, 'b.tar.gz'))).subarray(0, 5000));
    expect(await lxc.fails('import', 'short', 'x')).toContain('Invalid backup: the archive is damaged or cut short');
    expect(await lxc.fails('import', 'b.tar.gz', 'a_b')).toContain('Invalid instance name');
    expect(await lxc.ok('list', '-f', 'csv', '-c', 'n')).toBe('b\n');
    expect(await readdir(join(lxc.daemon.dir, 'imports'))).toEqual([]);
    expect(await readdir(join(lxc.daemon.dir, 'storage-pools', 'default', 'unpacking'))).toEqual([]);
  });

  it('keeps, lists, renames and deletes them, and forgets those whose time is over', async () => {
    const ask = (method: string, path: string, body = '{}') =>
      lxc.ok('query', '-X', method, '--wait', '-d', body, `/1.0/instances/b/backups${path}`);
    await ask('POST', '', '{"compression_algorithm":"none","expires_at":"2999-01-02T03:04:05Z"}');
    expect(JSON.parse(await lxc.ok('query', '/1.0/instances/b/backups/backup0'))).toMatchObject({
      ...{
        name: 'backup0',
        instance_only: false,
        container_only: false,
        optimized_storage: false,
        expires_at: expect.stringMatching(/^2999/),
      },
    });
    expect(await lxc.fails('query', '-X', 'POST', '-d', '{"name":"backup0"}', '/1.0/instances/b/backups')).toBe(
      'Backup "b/backup0" already exists',
    );
    expect(await lxc.ok('info', 'b')).toMatch(/Backups:[\s\S]*backup0/);
    await ask('POST', '/backup0', '{"name":"kept"}');
    expect(JSON.parse(await lxc.ok('query', '/1.0/instances/b/backups'))).toEqual(['/1.0/instances/b/backups/kept']);
    await ask('DELETE', '/kept');
    expect(await lxc.fails('query', '/1.0/instances/b/backups/kept')).toBe('Instance backup not found');
    expect(await lxc.fails('query', '/1.0/instances/b/backups/kept/export')).toBe('Instance backup not found');
  });
});
