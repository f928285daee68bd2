import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

const change = (name: string, body: Record<string, unknown>) => daemon.client.api.send('PATCH', `/1.0/instances/${name}`, body);
const config = (name: string, keys: Record<string, string>) => change(name, { config: keys });

const cpus = async (name: string) => {
  const { stdout } = await daemon.exec(name, ['grep', 'Cpus_allowed_list', '/proc/self/status']);
  return stdout.trim().split(/\s+/)[1];
};

describe.skipIf(os.cpus().length < 2)('two instances with limits.cpu=1', () => {
  it('sit on CPUs of their own, over changes and restarts of the daemon', async () => {
    for (const name of ['p1', 'p2']) await daemon.launchInstance(name, 'busybox', { config: { 'limits.cpu': '1' } });
    const before = [await cpus('p1'), await cpus('p2')];
    expect(new Set(before).size).toBe(2);
    await change('p2', { description: 'changed' });
    expect([await cpus('p1'), await cpus('p2')]).toEqual(before);
    await daemon.restart();
    await change('p2', { description: 'changed again' });
    await config('p1', { 'user.a': 'b' });
    expect([await cpus('p1'), await cpus('p2')]).toEqual(before);
    await daemon.done(daemon.client.instances.setState('p2', { action: 'restart', force: true, timeout: 10 }));
    expect([await cpus('p1'), await cpus('p2')]).toEqual(before);
    for (const name of ['p1', 'p2']) await daemon.remove(name);
  });
});

describe('limits that cannot be', () => {
  it('are refused by key and value, and what runs goes on', async () => {
    await daemon.launchInstance('l1');
    const last = os.cpus().length - 1;
    await expect(config('l1', { 'limits.cpu': `0-${last + 8}` })).rejects.toThrow(/"limits.cpu": this host has no CPU/);
    await expect(config('l1', { 'limits.memory': '4KiB' })).rejects.toThrow(/"4KiB" for key "limits.memory"/);
    const most = Number((await readFile('/proc/sys/fs/nr_open', 'utf8')).trim());
    await expect(config('l1', { 'limits.kernel.nofile': String(most + 1) })).rejects.toThrow(
      /"limits.kernel.nofile": this server may give/,
    );
    expect((await daemon.exec('l1', ['true'])).code).toBe(0);
    await daemon.remove('l1');
  });

  // The other version of control groups kills until it fits (cgroups(7)).
  const v1 = readFile('/sys/fs/cgroup/memory/memory.limit_in_bytes').then(
    () => true,
    () => false,
  );
  it('but only the kernel can tell, are named the same', async ({ skip }) => {
    if (!(await v1)) skip('the host counts memory by cgroup v2');
    await daemon.launchInstance('l2');
    expect((await daemon.exec('l2', ['dd', 'if=/dev/zero', 'of=/dev/shm/full', 'bs=1M', 'count=20'])).code).toBe(0);
    await expect(config('l2', { 'limits.memory': '2MiB' })).rejects.toThrow('The kernel refuses limits.memory=2MiB: EBUSY');
    expect((await daemon.client.instances.get('l2')).config['limits.memory']).toBeUndefined();
    await daemon.remove('l2');
  });

  it('are refused by name of the instance when a profile is to have them, and that instance goes on with what it had', async ({ skip }) => {
    if (!(await v1)) skip('the host counts memory by cgroup v2');
    const { client } = daemon;
    await client.profiles.create({ name: 'small', description: '', config: { 'limits.memory': '64MiB' }, devices: {} });
    for (const name of ['l3', 'l4']) await daemon.launchInstance(name, 'busybox', { profiles: ['default', 'small'] });
    expect((await daemon.exec('l4', ['dd', 'if=/dev/zero', 'of=/dev/shm/full', 'bs=1M', 'count=20'])).code).toBe(0);
    const limit = async (name: string) => {
      const groups = await readFile(`/proc/${(await client.instances.state(name)).pid}/cgroup`, 'utf8');
      const [, path] = /^\d+:memory:(.*)$/m.exec(groups) ?? [];
      return Number(await readFile(`/sys/fs/cgroup/memory${path}/memory.limit_in_bytes`, 'utf8'));
    };
    const before = await limit('l4');
    const refused = client.api.send('PATCH', '/1.0/profiles/small', { config: { 'limits.memory': '2MiB' } });
    await expect(refused).rejects.toThrow(
      /^The following instances failed to update \(profile change still saved\):\n.*l4.*limits.memory=2MiB: EBUSY[^\n]*$/,
    );
    expect((await client.profiles.get('small')).config).toEqual({ 'limits.memory': '2MiB' });
    expect([before, await limit('l4')]).toEqual([64 * 1024 * 1024, before]);
    expect((await daemon.exec('l4', ['true'])).code).toBe(0);
    // What it has in use fits again.
    await client.api.send('PATCH', '/1.0/profiles/small', { config: { 'limits.memory': '96MiB' } });
    expect(await limit('l4')).toBe(96 * 1024 * 1024);
    for (const name of ['l3', 'l4']) await daemon.remove(name);
    await client.profiles.delete('small');
  });
});
