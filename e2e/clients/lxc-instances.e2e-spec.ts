import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lxcInstalled, StockLxc } from './stock-lxc.ts';

let lxc: StockLxc;
const list = (...args: string[]) => lxc.ok('list', '-f', 'csv', ...args);

describe.skipIf(!lxcInstalled)("instances with the stock lxc (skipped where Debian's lxd-client is not installed)", () => {
  beforeAll(async () => {
    lxc = await StockLxc.start();
  });
  afterAll(() => lxc.stop());

  it('launches with keys, profiles, a network, a pool, ephemeral and empty', async () => {
    expect(await list()).toBe('');
    const bridge = (await lxc.ok('network', 'list', '-f', 'csv')).match(/^(lxctlbr\d+),bridge,YES/m)?.[1] ?? '';
    await lxc.ok('launch', 'busybox', 'a', '-c', 'limits.memory=64MiB', '-c', 'user.color=red');
    await lxc.ok('launch', 'busybox', 'b', '-p', 'default', '-n', bridge, '-s', 'default', '-e');
    await lxc.ok('init', 'c', '--empty');
    expect(await list('-c', 'nst')).toBe('a,RUNNING,CONTAINER\nb,RUNNING,CONTAINER (EPHEMERAL)\nc,STOPPED,CONTAINER\n');
    expect(await lxc.ok('config', 'get', 'a', 'limits.memory')).toBe('64MiB\n');
    expect(await lxc.ok('image', 'info', 'busybox')).not.toContain('Last used: never');
  });

  it.each([
    [['launch', 'busybox', 'd', '-c', 'limits.memory=banana'], /Invalid value "banana" for key "limits.memory"/],
    [['launch', 'busybox', 'd', '-p', 'nope'], /Requested profile "nope" doesn't exist/],
    [['launch', 'nope', 'd'], /^Image not found$/],
    [['launch', 'busybox', 'd', '-s', 'nope'], /Storage pool not found/],
    [['launch', 'busybox', 'd', '-n', 'nope'], /Network not found/],
    [['launch', 'busybox', 'a'], /already exists/],
    [['launch', 'busybox', 'under_score'], /Invalid instance name/],
    [['launch', 'busybox', 'd', '--vm'], /Asked for a VM but image is of type container/],
    [['launch', 'busybox', 'd', '-t', 'c2-m4'], /^Not supported by this server: instance_type$/],
    [['launch', 'busybox', 'd', '--target', 'other'], /^This server is not clustered$/],
    [['list', '--project', 'other'], /^Project not found$/],
    [['copy', 'a', 'b'], /already exists/],
    [['snapshot', 'a', 'x/y'], /Cannot contain "\/"/],
    [['restore', 'a', 's'], /^Instance snapshot not found$/],
    [['config', 'show', 'a/s'], /^Instance snapshot not found$/],
    [['file', 'pull', 'a/nowhere', '-'], /not found|no such file/i],
    [['info', 'nope'], /^Instance not found$/],
    [['console', 'a', '--type', 'vga'], /"console_vga_type" API extension/],
  ])('refuses lxc %j in one clear sentence', async (args, sentence) => {
    expect((await lxc.fails(...args)).split('\n').at(-1)).toMatch(sentence);
    expect(await list('-c', 'n')).toBe('a\nb\nc\n');
  });

  it('lists in every format and with every column', async () => {
    for (const format of ['table', 'csv', 'compact', 'json', 'yaml']) expect(await lxc.ok('list', '-f', format)).toContain('a');
    for (const column of 'nsSpPatdDmuMcbefFlN46') await list('-c', column);
    expect(await list('a', '-c', 'tpaPdlbfS')).toMatch(/^CONTAINER,\d+,x86_64,default,,\d{4}\/\d\d\/\d\d [^,]*,default,[0-9a-f]{12},0\n$/);
    expect(await list('-c', 'n,config:image.os,user.color')).toBe('a,BusyBox,red\nb,BusyBox,\nc,,\n');
    expect(await lxc.ok('list', '--fast')).toContain('ARCHITECTURE');
    expect(await list('--all-projects', '-c', 'en')).toBe('default,a\ndefault,b\ndefault,c\n');
    const [full] = JSON.parse(await lxc.ok('list', 'a', '-f', 'json')) as { state: { pid: number }; expanded_devices: object }[];
    expect(full?.state.pid).toBeGreaterThan(0);
    expect(full?.expanded_devices).toHaveProperty('root');
  });

  it.each([
    [['status=running'], 'a\nb\n'],
    [['status=stopped', 'type=container'], 'c\n'],
    [['user.color=red'], 'a\n'],
    [['^(a|c)$'], 'a\nc\n'],
    [['limits.memory=64MiB', 'status=stopped'], ''],
    [['ipv4=192.0.2.0/24'], ''],
  ])('filters by %j', async (filters, names) => {
    expect(await list('-c', 'n', ...filters)).toBe(names);
  });

  it('shows an instance and the server', async () => {
    expect(await lxc.ok('info', 'a', '--show-log')).toMatch(
      /Name: a[\s\S]*Status: RUNNING[\s\S]*PID: \d+[\s\S]*eth0[\s\S]*Log:[\s\S]*start - stages done: cgroup/,
    );
    expect(await lxc.ok('info', 'c')).toMatch(/Status: STOPPED/);
    expect(await lxc.ok('info')).toContain('server: lxctl');
    expect(await lxc.ok('info', '--resources')).toMatch(/CPU[\s\S]*Threads:[\s\S]*Memory:[\s\S]*Total:/);
    expect(await lxc.ok('version')).toMatch(/Client version: 5\.0\.2\nServer version: 5\.0\.2/);
  });

  it('restarts, pauses and resumes, one, several and all', async () => {
    await lxc.ok('restart', '-f', 'a');
    await lxc.ok('pause', 'a', 'b');
    expect(await list('-c', 's')).toBe('FROZEN\nFROZEN\nSTOPPED\n');
    await lxc.ok('start', 'a', 'b');
    expect(await lxc.fails('start', 'a')).toBe('The instance is already running');
    expect(await lxc.fails('stop', 'c')).toBe('The instance is already stopped');
    expect(await lxc.fails('delete', 'a')).toMatch(/currently running/);
    await lxc.ok('delete', 'c');
    await lxc.ok('init', 'busybox', 'c');
    await lxc.ok('start', '--all');
    expect(await list('-c', 's')).toBe('RUNNING\nRUNNING\nRUNNING\n');
    await lxc.ok('pause', '--all');
    await lxc.ok('start', '--all');
    await lxc.ok('restart', '--all', '-f');
    await lxc.ok('stop', '--all', '-f');
    // The ephemeral one is gone with its end.
    expect(await list('-c', 'ns')).toBe('a,STOPPED\nc,STOPPED\n');
    await lxc.ok('start', 'a', 'c');
    const mixed = await lxc.run(['start', 'a', 'nope']);
    expect([mixed.code, mixed.stderr]).toEqual([1, expect.stringContaining('Instance not found')]);
  });

  it('moves and copies to another pool, with snapshots, and back', async () => {
    await lxc.ok('storage', 'create', 'plain', 'dir');
    await lxc.ok('launch', 'busybox', 'mover');
    const inside = (name: string, script: string) => lxc.ok('exec', name, '--', 'sh', '-c', script);
    await inside('mover', 'mkdir /d; echo one > /d/f; ln /d/f /d/g; ln -s f /d/l; chown 5:6 /d/f');
    await lxc.ok('snapshot', 'mover', 's');
    await inside('mover', 'echo two > /d/f; rm /etc/inittab');
    expect(await lxc.fails('move', 'mover', '--storage', 'plain')).toContain('Instance is running');
    await lxc.ok('copy', 'mover/s', 'was', '--storage', 'plain');
    // It runs.
    await lxc.ok('copy', 'mover', 'twin', '--storage', 'plain');
    await lxc.ok('stop', 'mover', '--force');
    await lxc.ok('move', 'mover', '--storage', 'plain');
    expect(await lxc.ok('config', 'device', 'get', 'mover', 'root', 'pool')).toBe('plain\n');
    await lxc.ok('start', 'mover', 'twin', 'was');
    const look = 'cat /d/f; stat -c "%u:%g %h" /d/f; readlink /d/l; ls /etc/inittab 2>/dev/null';
    for (const name of ['mover', 'twin']) {
      expect(await inside(name, `${look} || true`)).toBe('two\n5:6 2\nf\n');
      await lxc.ok('restore', name, 's');
      expect(await inside(name, look)).toBe('one\n5:6 2\nf\n/etc/inittab\n');
    }
    expect(await inside('was', look)).toBe('one\n5:6 2\nf\n/etc/inittab\n');
    await lxc.ok('stop', 'mover', '--force');
    await lxc.ok('move', 'mover', '--storage', 'default');
    await lxc.ok('start', 'mover');
    expect(await inside('mover', look)).toBe('one\n5:6 2\nf\n/etc/inittab\n');
    expect(await lxc.ok('storage', 'show', 'plain')).not.toContain('mover');
    await lxc.ok('delete', 'mover', 'twin', 'was', '--force');
    await lxc.ok('storage', 'delete', 'plain');
  });

  it('copies what runs to another pool of layers, which come once, and refreshes the copy', async () => {
    await lxc.ok('storage', 'create', 'second', 'overlay');
    await lxc.ok('launch', 'busybox', 'run');
    const inside = (name: string, script: string) => lxc.ok('exec', name, '--', 'sh', '-c', script);
    await inside('run', 'echo one > /root/note; dd if=/dev/zero of=/root/zeros bs=1024 count=6000 2>/dev/null');
    await lxc.ok('snapshot', 'run', 's');
    await lxc.ok('copy', 'run', 'twin', '--storage', 'second');
    await inside('run', 'echo two > /root/note; rm /root/zeros');
    await lxc.ok('snapshot', 'run', 't');
    await lxc.ok('delete', 'run/s');
    await lxc.ok('copy', 'run', 'twin', '--refresh', '--storage', 'second');
    expect([await list('-c', 'nsS', 'run'), await list('-c', 'nsS', 'twin')]).toEqual(['run,RUNNING,1\n', 'twin,STOPPED,1\n']);
    expect(await lxc.ok('config', 'device', 'get', 'twin', 'root', 'pool')).toBe('second\n');
    await lxc.ok('start', 'twin');
    expect(await inside('twin', 'cat /root/note; ls /root')).toBe('two\nnote\n');
    await lxc.ok('restore', 'twin', 't');
    expect(await inside('twin', 'cat /root/note')).toBe('two\n');
    expect(await lxc.ok('storage', 'volume', 'list', 'second', '-f', 'csv', '-c', 'tn')).toContain('image,');
    await lxc.ok('delete', 'run', 'twin', '--force');
    await lxc.ok('storage', 'delete', 'second');
  });

  it('renames, and deletes several at once', async () => {
    expect(await lxc.fails('rename', 'a', 'z')).toBe('Renaming of running container not allowed');
    await lxc.ok('stop', '-f', 'a');
    expect(await lxc.fails('rename', 'a', 'c')).toBe('Name "c" already in use');
    expect(await lxc.fails('rename', 'a', 'not good')).toMatch(/Invalid instance name/);
    await lxc.ok('rename', 'a', 'z');
    await lxc.ok('move', 'z', 'y');
    await lxc.ok('delete', '-f', 'y', 'c');
    expect(await list()).toBe('');
  });
});
