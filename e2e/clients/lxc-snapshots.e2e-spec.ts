import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { lxcInstalled, StockLxc } from './stock-lxc.ts';

let lxc: StockLxc;
const inside = (name: string, script: string) => lxc.ok('exec', name, '--', 'sh', '-c', script);

describe.skipIf(!lxcInstalled)("snapshots with the stock lxc (skipped where Debian's lxd-client is not installed)", () => {
  beforeAll(async () => {
    lxc = await StockLxc.start();
  });
  afterAll(() => lxc.stop());

  it('takes them of what runs, goes back, and the instance runs again with the same address', async () => {
    await lxc.ok('launch', 'busybox', 's', '-c', 'user.a=1');
    const address = await lxc.ok('config', 'get', 's', 'volatile.eth0.hwaddr');
    await inside('s', 'mkdir -p /data/deep && echo one > /data/deep/file && rm /etc/group');
    await lxc.ok('snapshot', 's');
    await lxc.ok('snapshot', 's', 'named', '--no-expiry');
    await inside('s', 'rm -r /data && mkdir /data && echo two > /etc/group');
    await lxc.ok('config', 'set', 's', 'user.a=2');
    await lxc.ok('restore', 's', 'snap0');
    expect(await inside('s', 'cat /data/deep/file; ls /data; test -e /etc/group || echo none')).toBe('one\ndeep\nnone\n');
    expect(await lxc.ok('config', 'get', 's', 'user.a')).toBe('1\n');
    expect(await lxc.ok('config', 'get', 's', 'volatile.eth0.hwaddr')).toBe(address);
    expect(await lxc.ok('list', '-f', 'csv', '-c', 'nsS')).toBe('s,RUNNING,2\n');
  });

  it('refreshes a copy: snapshots and content become those of the source, which may run', async () => {
    await lxc.ok('copy', 's', 'mirror');
    await lxc.ok('snapshot', 'mirror', 'stray');
    await inside('s', 'echo later > /data/later');
    await lxc.ok('snapshot', 's', 'later');
    await lxc.ok('config', 'set', 's', 'user.a=3');
    await lxc.ok('copy', 's', 'mirror', '--refresh');
    const names = JSON.parse(await lxc.ok('query', '/1.0/instances/mirror/snapshots?recursion=1')).map(
      ({ name }: { name: string }) => name,
    );
    expect(names).toEqual(['snap0', 'named', 'later']);
    expect(await lxc.ok('config', 'get', 'mirror', 'user.a')).toBe('3\n');
    await lxc.ok('start', 'mirror');
    expect(await inside('mirror', 'cat /data/later')).toBe('later\n');
    expect(await lxc.fails('copy', 's', 'mirror', '--refresh')).toContain('Instance is running');
    await lxc.ok('restore', 'mirror', 'snap0');
    expect(await inside('mirror', 'test -e /data/later || echo none')).toBe('none\n');
    await lxc.ok('delete', 'mirror', '--force');
    await lxc.ok('copy', 's', 'mirror', '--refresh');
    await lxc.ok('delete', 'mirror', '--force');
    await lxc.ok('delete', 's/later');
    await inside('s', 'rm /data/later');
  });

  it('shows, renames, changes and deletes them', async () => {
    expect(await lxc.ok('info', 's')).toMatch(/Snapshots:[\s\S]*snap0[\s\S]*named/);
    await lxc.ok('rename', 's/named', 's/other');
    expect(await lxc.ok('query', '/1.0/instances/s/snapshots')).toContain('/1.0/instances/s/snapshots/other');
    expect(await lxc.ok('config', 'show', 's/other')).toContain('expires_at: 0001-01-01T00:00:00Z');
    await lxc.ok('query', '-X', 'PATCH', '--wait', '-d', '{"expires_at":"2999-01-02T03:04:05Z"}', '/1.0/instances/s/snapshots/other');
    expect(await lxc.ok('info', 's')).toContain('2999/01/02');
    await lxc.ok('delete', 's/other');
    expect(await lxc.fails('snapshot', 's', 'snap0')).toContain('already exists');
    await lxc.ok('snapshot', 's', 'snap0', '--reuse');
  });

  it('copies an instance with its snapshots, or a snapshot', async () => {
    await lxc.ok('copy', 's', 'copy', '-c', 'user.b=3');
    await lxc.ok('copy', 's/snap0', 'old', '--ephemeral');
    await lxc.ok('copy', 's', 'alone', '--instance-only');
    expect(await lxc.ok('list', '-f', 'csv', '-c', 'nS')).toBe('alone,0\ncopy,1\nold,0\ns,1\n');
    for (const name of ['copy', 'old']) {
      await lxc.ok('start', name);
      expect(await inside(name, 'cat /data/deep/file; test -e /etc/group || echo none')).toBe('one\nnone\n');
    }
    expect(await lxc.ok('config', 'get', 'copy', 'user.b')).toBe('3\n');
    expect(await lxc.ok('config', 'get', 'copy', 'volatile.eth0.hwaddr')).not.toBe(
      await lxc.ok('config', 'get', 's', 'volatile.eth0.hwaddr'),
    );
    await lxc.ok('restore', 'copy', 'snap0');
    // The stock client ends with the first ephemeral one that it has to stop.
    await lxc.ok('delete', '-f', 'copy', 'alone', 'old');
    expect(await inside('s', 'cat /data/deep/file')).toBe('one\n');
  });

  it('takes and deletes those whose time has come', async () => {
    expect(await lxc.fails('config', 'set', 's', 'snapshots.schedule=60 * * * *')).toContain('end of range (60) above maximum (59): 60');
    expect(await lxc.fails('config', 'set', 's', 'snapshots.schedule=@often')).toContain('Schedule must be of the form: <minute> <hour>');
    await lxc.ok('config', 'set', 's', 'snapshots.schedule=@never');
    const past = '{"name":"over","expires_at":"2001-01-02T03:04:05Z"}';
    await lxc.ok('query', '-X', 'POST', '--wait', '-d', past, '/1.0/instances/s/snapshots');
    await lxc.ok('config', 'set', 's', 'snapshots.schedule=* * * * *', 'snapshots.pattern=each-minute');
    // The next daemon makes up for the minute in which there was none.
    await lxc.daemon.restart();
    const names = async () => (JSON.parse(await lxc.ok('query', '/1.0/instances/s/snapshots')) as string[]).map((url) => basename(url));
    const seen = { timeout: 60_000 };
    await vi.waitFor(async () => expect((await names()).slice(0, 2)).toEqual(['snap0', 'each-minute']), seen);
    // It may be taking one just now.
    await vi.waitFor(() => lxc.ok('config', 'unset', 's', 'snapshots.schedule'), seen);
    for (const name of (await names()).slice(1)) await lxc.ok('delete', `s/${name}`);
    expect(await names()).toEqual(['snap0']);
  });

  it('takes one before a start', async () => {
    await lxc.ok('config', 'set', 's', 'snapshots.schedule=@never, @startup', 'snapshots.pattern=before-start');
    await lxc.ok('restart', 's', '--force');
    await lxc.ok('delete', 's/before-start');
    await lxc.ok('config', 'unset', 's', 'snapshots.schedule');
  });

  it('publishes a snapshot and an instance, and launches what it published', async () => {
    expect(await lxc.fails('publish', 's')).toContain('Use --force to have it stopped and restarted');
    expect(await lxc.fails('publish', 's/snap0', '--compression', 'foo')).toContain('Invalid compression algorithm "foo"');
    const told = await lxc.ok(
      'publish',
      's/snap0',
      'os=mine',
      '--alias',
      'cut',
      '--compression',
      'zstd',
      '--public',
      '--expire',
      '2999-01-02T03:04:05Z',
    );
    expect(told).toContain('Instance published with fingerprint: ');
    expect(await lxc.ok('image', 'show', 'cut')).toMatch(/os: mine\npublic: true\nexpires_at: 2999-01-02T03:04:05Z/);
    const body = { source: { type: 'instance', name: 's' } };
    expect(await lxc.fails('query', '-X', 'POST', '-d', JSON.stringify(body), '/1.0/images')).toContain('Cannot export a running instance');
    await inside('s', 'mkdir /data/later; ln /data/deep/file /data/later/linked');
    await lxc.ok('publish', 's', '--force', '--alias', 'whole');
    expect(await lxc.ok('list', '-f', 'csv', '-c', 'ns')).toBe('s,RUNNING\n');
    for (const image of ['cut', 'whole']) await lxc.ok('launch', image, `of-${image}`);
    expect(await inside('of-cut', 'cat /data/deep/file; test -e /etc/group || echo none')).toBe('one\nnone\n');
    expect(await inside('of-whole', 'cat /data/later/linked; stat -c %h /data/deep/file')).toBe('one\n2\n');
    await lxc.ok('delete', '-f', 'of-cut', 'of-whole');
    await lxc.ok('image', 'delete', 'cut', 'whole');
  });

  it('goes back with what is stopped, and deletes them with it', async () => {
    await lxc.ok('stop', 's', '--force');
    await lxc.ok('snapshot', 's', 'off');
    await lxc.ok('restore', 's', 'off');
    expect(await lxc.ok('list', '-f', 'csv', '-c', 'nsS')).toBe('s,STOPPED,2\n');
    await lxc.ok('rename', 's', 't');
    await lxc.ok('start', 't');
    expect(await inside('t', 'cat /data/deep/file')).toBe('one\n');
    await lxc.ok('delete', 't', '--force');
    expect(await lxc.ok('list', '-f', 'csv')).toBe('');
  });
});
