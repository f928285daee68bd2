import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireInstancePut, WireInstancesPost } from '#lib/contract';
import { untilLifecycle } from './harness/changes.ts';
import { TestDaemon } from './harness/daemon.ts';
import { terminal, typeInto } from './harness/run-command.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

const state = (name: string, action: 'start' | 'stop' | 'restart' | 'freeze' | 'unfreeze', force = true) =>
  daemon.done(daemon.client.instances.setState(name, { action, timeout: 10, force }));

describe('the life of an instance', () => {
  it('is created stopped, from an image, with what its profile brings', async () => {
    const operation = await daemon.done(
      daemon.client.instances.create({ name: 'c1', source: { type: 'image', alias: 'busybox' }, config: { 'user.note': 'mine' } }),
    );
    expect(operation.resources?.instances).toEqual(['/1.0/instances/c1']);
    const c1 = await daemon.client.instances.get('c1');
    expect(c1).toMatchObject({
      name: 'c1',
      status: 'Stopped',
      status_code: 102,
      type: 'container',
      architecture: 'x86_64',
      ephemeral: false,
      profiles: ['default'],
    });
    expect(c1.config).toMatchObject({ 'user.note': 'mine', 'image.os': 'BusyBox' });
    expect(Object.keys(c1.expanded_devices).sort()).toEqual(['eth0', 'root']);
  });

  it('starts, has an init, an address and a state', async () => {
    await state('c1', 'start');
    const full = await daemon.client.instances.getFull('c1');
    expect(full.status).toBe('Running');
    expect(full.state?.pid).toBeGreaterThan(1);
    expect(full.state?.memory.usage).toBeGreaterThan(0);
    expect(full.state?.processes).toBeGreaterThan(0);
    expect(full.state?.network?.eth0?.host_name).toMatch(/^veth/);
    expect(full.state?.network?.eth0?.hwaddr).toBe(full.config['volatile.eth0.hwaddr']);
  });

  it('runs commands: exit codes, both outputs, input, user, directory, environment', async () => {
    expect(await daemon.exec('c1', ['sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
    expect(await daemon.exec('c1', ['cat'], { stdin: 'in and out' })).toEqual({ code: 0, stdout: 'in and out', stderr: '' });
    expect((await daemon.exec('c1', ['id', '-u'], { user: 1000 })).stdout).toBe('1000\n');
    expect((await daemon.exec('c1', ['pwd'], { cwd: '/etc' })).stdout).toBe('/etc\n');
    expect((await daemon.exec('c1', ['sh', '-c', 'echo $A $HOME $USER'], { environment: { A: 'b' } })).stdout).toBe('b /root root\n');
    expect((await daemon.exec('c1', ['/no/such/command'])).code).toBe(127);
    expect((await daemon.exec('c1', ['/etc/passwd'])).code).toBe(126);
    expect((await daemon.exec('c1', ['sh', '-c', 'kill -9 $$'])).code).toBe(137);
  });

  it('moves a megabyte through cat unchanged', async () => {
    const megabyte = 'x'.repeat(1024 * 1024);
    const { stdout } = await daemon.exec('c1', ['cat'], { stdin: megabyte });
    expect(stdout === megabyte).toBe(true);
  });

  it('takes new limits while it runs', async () => {
    const { value, etag } = await daemon.client.instances.read('c1').then((reply) => ({ value: reply.metadata, etag: reply.etag }));
    const wanted: WireInstancePut = { ...value, config: { ...value.config, 'limits.memory': '64MiB', 'limits.processes': '77' } };
    await daemon.done(daemon.client.instances.replace('c1', wanted, etag));
    expect((await daemon.client.instances.get('c1')).config['limits.memory']).toBe('64MiB');
    await expect(daemon.client.instances.replace('c1', wanted, etag)).rejects.toMatchObject({ status: 412 });
  });

  it('freezes and thaws; a frozen one refuses commands and can still be stopped by force', async () => {
    await state('c1', 'freeze');
    expect((await daemon.client.instances.get('c1')).status).toBe('Frozen');
    await expect(daemon.exec('c1', ['true'])).rejects.toMatchObject({ status: 400, message: 'Instance is frozen' });
    await state('c1', 'unfreeze');
    expect((await daemon.exec('c1', ['true'])).code).toBe(0);
    await state('c1', 'freeze');
    await state('c1', 'stop');
    expect((await daemon.client.instances.get('c1')).status).toBe('Stopped');
    await state('c1', 'start');
  });

  it('restarts with force and stops when asked nicely', async () => {
    const before = (await daemon.client.instances.state('c1')).pid;
    await state('c1', 'restart');
    expect((await daemon.client.instances.state('c1')).pid).not.toBe(before);
    await state('c1', 'stop', false);
    const stopped = await daemon.client.instances.state('c1');
    expect(stopped).toMatchObject({ status: 'Stopped', pid: 0, processes: 0, network: null });
  });

  it('is renamed while stopped, and deleted', async () => {
    await daemon.done(daemon.client.instances.rename('c1', { name: 'c2' }));
    expect((await daemon.client.instances.list()).map((each) => each.name)).toEqual(['c2']);
    const id = (await daemon.client.instances.get('c2')).config['volatile.uuid'] ?? '';
    // Found by id; the names are links for people.
    const pool = join(daemon.dir, 'storage-pools/default');
    expect([await readdir(join(pool, 'containers')), await readdir(join(pool, 'volumes'))]).toEqual([['c2'], [id]]);
    expect(await readlink(join(pool, 'containers/c2'))).toBe(`../volumes/${id}`);
    expect([await readdir(join(daemon.dir, 'logs')), await readdir(join(daemon.dir, 'instances'))]).toEqual([['c2'], [id]]);
    await state('c2', 'start');
    expect((await daemon.exec('c2', ['hostname'])).stdout).toBe('c2\n');
    await daemon.remove('c2');
    expect(await daemon.client.instances.list()).toEqual([]);
  });

  it('keeps what was written over a stop and a start', async () => {
    await daemon.launchInstance('keep');
    await daemon.exec('keep', ['sh', '-c', 'echo kept > /root/file; rm /etc/inittab.orig 2>/dev/null; mkdir /new']);
    await state('keep', 'stop');
    await state('keep', 'start');
    expect((await daemon.exec('keep', ['cat', '/root/file'])).stdout).toBe('kept\n');
    await daemon.remove('keep');
  });

  it('makes up a name when none is given', async () => {
    const operation = await daemon.done(daemon.client.instances.create({ name: '', source: { type: 'image', alias: 'busybox' } }));
    const name = String(operation.resources?.instances?.[0]).split('/').pop() ?? '';
    expect(name).toMatch(/^[a-z]+-[a-z]+/);
    await daemon.remove(name);
  });

  it('can be made empty, and then says why it does not start', async () => {
    await daemon.done(daemon.client.instances.create({ name: 'bare', source: { type: 'none' } } as WireInstancesPost));
    await expect(state('bare', 'start')).rejects.toThrow(/exec.*\/sbin\/init.*ENOENT/);
    expect((await daemon.client.instances.get('bare')).status).toBe('Stopped');
    const log = (await daemon.client.instances.log('bare', 'lxc.log')).toString();
    expect(log).toMatch(/ERROR +start - stage that failed: exec: .*\/sbin\/init.*ENOENT/);
    expect(log).toContain('plan - init: /sbin/init');
    await daemon.remove('bare');
  });

  it('goes away by itself when it is ephemeral, also when the guest powers off', async () => {
    await daemon.launchInstance('gone', 'busybox', { ephemeral: true });
    await untilLifecycle(daemon.client, 'instance-deleted', 'gone', () => void daemon.exec('gone', ['poweroff', '-f']).catch(() => {}));
    expect((await daemon.client.instances.list()).map((each) => each.name)).not.toContain('gone');
  });

  it('is created and started in one operation', async () => {
    await daemon.done(daemon.client.instances.create({ name: 'both', source: { type: 'image', alias: 'busybox' }, start: true }));
    expect((await daemon.client.instances.get('both')).status).toBe('Running');
    await daemon.remove('both');
  });
});

describe('the console', () => {
  it('keeps what init wrote, takes keys, and shows the log after the end', async () => {
    await daemon.launchInstance('con');
    await daemon.exec('con', ['sh', '-c', 'echo a mark on the console > /dev/console']);
    expect((await daemon.client.instances.consoleLog('con')).toString()).toContain('a mark on the console');
    await state('con', 'stop');
    expect((await daemon.client.instances.consoleLog('con')).toString()).toContain('a mark on the console');
    expect(await daemon.client.instances.logs('con')).toContain('/1.0/instances/con/logs/console.log');
    await daemon.remove('con');
  });
});

describe('a terminal', () => {
  it('has the size asked for, takes a new one, and hands back the exit code', async () => {
    await daemon.launchInstance('tty');
    const { code, output } = await typeInto(daemon, 'tty', ['sh'], 'stty size; tty; exit 5\n', { width: 99, height: 33 });
    expect(output).toContain('33 99');
    expect(output).toMatch(/\/dev\/pts\/\d+/);
    expect(code).toBe(5);
    // The daemon lives: the end of a terminal reads as an error (EIO) that must stay its own.
    expect((await daemon.exec('tty', ['true'])).code).toBe(0);
  });

  it('of a client that goes away takes the command with it', async () => {
    const operation = await daemon.client.instances.exec('tty', { ...terminal, command: ['sleep', '1234'] });
    const session = await daemon.client.session(operation, {
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      stderr: new PassThrough(),
    });
    session.close();
    await session.done.catch(() => {});
    await daemon.client.operations.wait(operation.id, 60);
    expect((await daemon.exec('tty', ['ps'])).stdout).not.toContain('sleep 1234');
    await daemon.remove('tty');
  });
});
