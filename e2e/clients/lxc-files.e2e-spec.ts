import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Terminal } from '../harness/terminal.ts';
import { incusProgram, incusThere, lxcInstalled, StockLxc } from './stock-lxc.ts';

let lxc: StockLxc;
const inside = (script: string) => lxc.ok('exec', 'f', '--', 'sh', '-c', script);
const local = (...parts: string[]) => join(lxc.home, ...parts);

const sftpThere = existsSync('/usr/bin/sftp');

/** Has an SSH client put, fetch, make, rename and list what `shell`, which mounts an instance, serves; and ends that. */
async function reaches(client: StockLxc, shell: Terminal): Promise<void> {
  const listening = /listening on 127\.0\.0\.1:(\d+)/;
  await shell.shows(listening);
  const [, port = ''] = listening.exec(shell.output) ?? [];
  await writeFile(
    join(client.home, 'batch'),
    'put one /root/by-sftp\nget /etc/inittab fetched\nmkdir /root/made\nrename /root/by-sftp /root/made/one\nls /root/made\n',
  );
  const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'GlobalKnownHostsFile=/dev/null', 'LogLevel=ERROR'];
  const { stdout } = await promisify(execFile)(
    'sftp',
    ['-F', 'none', ...options.flatMap((option) => ['-o', option]), '-P', port, '-b', 'batch', 'nobody@127.0.0.1'],
    { cwd: client.home, env: { ...process.env, HOME: client.home } },
  );
  expect(stdout).toContain('/root/made/one');
  shell.type('\x03');
  await shell.code();
}

describe.skipIf(!lxcInstalled)("files with the stock lxc (skipped where Debian's lxd-client is not installed)", () => {
  beforeAll(async () => {
    lxc = await StockLxc.start();
    await lxc.ok('launch', 'busybox', 'f');
    await mkdir(local('tree/deep/er'), { recursive: true });
    await writeFile(local('tree/deep/er/file'), 'in a tree\n', { mode: 0o600 });
    await writeFile(local('tree/run'), '#!/bin/sh\n', { mode: 0o755 });
    await symlink('deep/er/file', local('tree/link'));
  });
  afterAll(() => lxc.stop());

  /** Without the bar of progress. */
  const quiet = (...args: string[]) => lxc.ok(...args, '-q');

  it('pushes and pulls one, with owner and mode', async () => {
    await writeFile(local('one'), 'one\n', { mode: 0o640 });
    await quiet('file', 'push', 'one', 'f/root/');
    await quiet('file', 'push', 'one', 'f/a/b/c', '-p', '--uid', '12', '--gid', '34', '--mode', '0604');
    expect(await inside("stat -c '%a %u %g %n' /root/one /a/b /a/b/c; cat /a/b/c")).toBe(
      '640 0 0 /root/one\n750 12 34 /a/b\n604 12 34 /a/b/c\none\n',
    );
    await quiet('file', 'pull', 'f/a/b/c', 'back');
    expect(await readFile(local('back'), 'utf8')).toBe('one\n');
    expect((await lstat(local('back'))).mode & 0o777).toBe(0o604);
    expect(await lxc.ok('file', 'pull', 'f/etc/inittab', '-')).toBe(await inside('cat /etc/inittab'));
  });

  it('pushes standard input', async () => {
    const { code } = await lxc.run(['file', 'push', '-', 'f/root/stdin', '-q'], { stdin: 'typed' });
    expect(code).toBe(0);
    expect(await inside('cat /root/stdin')).toBe('typed');
  });

  it('keeps owner and mode of what is there', async () => {
    await inside('echo old > /root/kept; chown 5:6 /root/kept; chmod 600 /root/kept');
    await quiet('file', 'push', 'one', 'f/root/kept');
    expect(await inside("cat /root/kept; stat -c '%a %u %g' /root/kept")).toBe('one\n600 5 6\n');
  });

  it('edits in place', async () => {
    await inside('echo "colour: red" > /root/conf; chmod 600 /root/conf');
    const shell = lxc.terminal('file edit f/root/conf', { EDITOR: await lxc.editor('s/red/blue/') });
    expect(await shell.code()).toBe(0);
    expect(await inside("cat /root/conf; stat -c '%a' /root/conf")).toBe('colour: blue\n600\n');
  });

  it('pushes and pulls a tree with its links', async () => {
    await quiet('file', 'push', '-r', 'tree', 'f/srv', '-p');
    expect(await inside("cd /srv/tree; stat -c '%a %n' deep/er/file run; readlink link; cat link")).toBe(
      '600 deep/er/file\n755 run\ndeep/er/file\nin a tree\n',
    );
    await mkdir(local('out'));
    await quiet('file', 'pull', '-r', 'f/srv/tree', 'out');
    expect(await readlink(local('out/tree/link'))).toBe('deep/er/file');
    expect(await readFile(local('out/tree/link'), 'utf8')).toBe('in a tree\n');
    expect((await lstat(local('out/tree/run'))).mode & 0o777).toBe(0o755);
  });

  it('deletes files, links and empty directories', async () => {
    await inside('mkdir /gone /full; touch /full/file; ln -s /etc /gone-link');
    await lxc.ok('file', 'delete', 'f/gone', 'f/gone-link');
    expect(await lxc.fails('file', 'delete', 'f/full')).toBe('sftp: "remove /full: directory not empty" (SSH_FX_FAILURE)');
    expect(await inside('ls -d /gone /gone-link 2>/dev/null; test -d /etc && ls /full')).toBe('file\n');
  });

  it.skipIf(!sftpThere)("mounts: SSH clients reach them (skipped where Debian's openssh-client is not installed)", async () => {
    const shell = lxc.terminal('file mount f --listen 127.0.0.1:0 --no-auth');
    await reaches(lxc, shell);
    expect(await inside('cat /root/made/one')).toBe('one\n');
    expect(await readFile(local('fetched'), 'utf8')).toBe(await inside('cat /etc/inittab'));
  });

  it('says what is not there and what cannot be', async () => {
    expect(await lxc.fails('file', 'pull', 'f/nowhere', '-')).toBe('Not Found');
    expect(await lxc.fails('file', 'push', 'one', 'f/no/where', '-q')).toBe('Not Found');
    expect(await lxc.fails('file', 'pull', 'f/etc', '-')).toBe("Can't pull a directory without --recursive");
    expect(await lxc.fails('file', 'pull', 'nobody/etc/passwd', '-')).toBe('Instance not found');
  });
});

/** Of an instance that has never run. */
async function mounts(client: StockLxc, name: string): Promise<void> {
  await client.ok('init', 'busybox', name);
  await writeFile(join(client.home, 'one'), 'one\n');
  await reaches(client, client.terminal(`file mount ${name} --listen 127.0.0.1:0 --no-auth`));
  expect(await client.ok('file', 'pull', `${name}/root/made/one`, '-')).toBe('one\n');
  await client.ok('start', name);
  expect(await client.ok('exec', name, '--', 'cat', '/root/made/one')).toBe('one\n');
}

describe.skipIf(!lxcInstalled || !sftpThere)('files with the stock lxc of an instance that does not run', () => {
  let client: StockLxc;
  beforeAll(async () => {
    client = await StockLxc.start();
  });
  afterAll(() => client.stop());

  it('mounts them', () => mounts(client, 'm'));

  it('pushes, pulls, edits and deletes them', async () => {
    await client.ok('stop', 'm', '--force');
    await mkdir(join(client.home, 'tree/deep'), { recursive: true });
    await writeFile(join(client.home, 'tree/deep/file'), 'colour: red\n', { mode: 0o600 });
    await symlink('deep/file', join(client.home, 'tree/link'));
    await client.ok('file', 'push', '-r', 'tree', 'm/srv', '-p', '-q');
    const shell = client.terminal('file edit m/srv/tree/deep/file', { EDITOR: await client.editor('s/red/blue/') });
    expect(await shell.code()).toBe(0);
    await client.ok('file', 'pull', '-r', 'm/srv/tree', 'back', '-q');
    expect(await readlink(join(client.home, 'back/tree/link'))).toBe('deep/file');
    expect(await readFile(join(client.home, 'back/tree/link'), 'utf8')).toBe('colour: blue\n');
    await client.ok('file', 'delete', 'm/srv/tree/link');
    await client.ok('start', 'm');
    expect(await client.ok('exec', 'm', '--', 'sh', '-c', "cd /srv/tree; ls; stat -c '%a %u' deep/file")).toBe('deep\n600 0\n');
  });
});

describe.skipIf(!incusThere || !sftpThere)('files with the stock incus of an instance that does not run', () => {
  let incus: StockLxc;
  beforeAll(async () => {
    incus = await StockLxc.start(incusProgram);
  });
  afterAll(() => incus.stop());

  it('mounts them', () => mounts(incus, 'm'));
});
