import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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

const change = (name: string, config: Record<string, string>) => daemon.client.api.send('PATCH', `/1.0/instances/${name}`, { config });
const pid = async (name: string) => (await daemon.client.instances.state(name)).pid;

/** A control file of the instance's group, by its controller in version 1, or in version 2; null where the host has it in none. */
async function control(name: string, controller: string, file: string): Promise<string | null> {
  const groups = await readFile(`/proc/${await pid(name)}/cgroup`, 'utf8');
  const [, v1] = new RegExp(`^\\d+:${controller}:(.*)$`, 'm').exec(groups) ?? [];
  const [, v2] = /^0::(.*)$/m.exec(groups) ?? [];
  const unified = existsSync('/sys/fs/cgroup/unified') ? '/sys/fs/cgroup/unified' : '/sys/fs/cgroup';
  const paths = [join(`/sys/fs/cgroup/${controller}`, v1 ?? '/', file), join(unified, v2 ?? '/', file)];
  const path = paths.find((each) => existsSync(each));
  return path === undefined ? null : (await readFile(path, 'utf8')).trim();
}

describe('limits of a running instance', () => {
  beforeAll(() => daemon.launchInstance('l1'));
  afterAll(() => daemon.remove('l1'));

  it('limits.disk.priority comes, changes and goes', async ({ skip }) => {
    if ((await control('l1', 'blkio', 'blkio.bfq.weight')) === null) skip('the host does not weigh disks by version 1 and bfq');
    const weight = () => control('l1', 'blkio', 'blkio.bfq.weight');
    expect(await weight()).toBe('100');
    await change('l1', { 'limits.disk.priority': '10' });
    expect(await weight()).toBe('200');
    await change('l1', { 'limits.disk.priority': '0' });
    expect(await weight()).toBe('10');
    await change('l1', { 'limits.disk.priority': '' });
    expect(await weight()).toBe('100');
  });

  it('limits.hugepages.* the same, and a size that the host has not is refused', async ({ skip }) => {
    const limit = () => control('l1', 'hugetlb', 'hugetlb.2MB.max');
    if ((await limit()) === null) skip('the host has no control of huge pages of version 2');
    await change('l1', { 'limits.hugepages.2MB': '4MiB' });
    expect([await limit(), await control('l1', 'hugetlb', 'hugetlb.2MB.rsvd.max')]).toEqual(['4194304', '4194304']);
    await expect(change('l1', { 'limits.hugepages.64KB': '1MiB', 'limits.hugepages.2MB': '8MiB' })).rejects.toThrow(
      'Cannot enforce limits.hugepages.64KB: the host has no pages of this size',
    );
    expect(await limit()).toBe('4194304');
    await change('l1', { 'limits.hugepages.2MB': '' });
    expect(await limit()).toBe('max');
  });

  it('limits.memory.swap.priority the same', async ({ skip }) => {
    const swappiness = () => control('l1', 'memory', 'memory.swappiness');
    const before = await swappiness();
    if (before === null) skip('the host counts memory by control groups of version 2');
    await change('l1', { 'limits.memory.swap.priority': '0' });
    expect(await swappiness()).toBe('70');
    await change('l1', { 'limits.memory.swap.priority': '' });
    expect(await swappiness()).toBe(before);
  });
});

/** Resolves with the next lifecycle event of this action that is about the instance. */
async function told(action: string, name: string): Promise<{ event: Promise<void> }> {
  let resolve: () => void = () => {};
  const event = new Promise<void>((done) => (resolve = done));
  const stream = await daemon.client.events.stream({ types: ['lifecycle'] }, ({ metadata }) => {
    const { action: what, source } = metadata as { action: string; source: string };
    if (what !== action || source !== `/1.0/instances/${name}`) return;
    resolve();
    stream.close();
  });
  return { event };
}

describe('boot.autorestart', () => {
  it('starts an instance again whose init is killed, also by a daemon that saw nothing of it, and not one that powers off', async () => {
    await daemon.launchInstance('a1', 'busybox', { config: { 'boot.autorestart': 'true' } });
    const first = await pid('a1');
    const again = await told('instance-started', 'a1');
    process.kill(first, 'SIGKILL');
    await again.event;
    const second = await pid('a1');
    expect(second).not.toBe(first);

    await daemon.kill();
    process.kill(second, 'SIGKILL');
    await daemon.launch();
    await until(async () => (await daemon.client.instances.get('a1')).status === 'Running');
    expect(await pid('a1')).not.toBe(second);

    const off = await told('instance-shutdown', 'a1');
    await daemon.exec('a1', ['poweroff', '-f']).catch(() => {});
    await off.event;
    expect((await daemon.client.instances.get('a1')).status).toBe('Stopped');
    await daemon.remove('a1');
  });
});

/** Asks until it is so. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()));
}
