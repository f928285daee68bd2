import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import type { WireServer } from '#lib/contract';
import { TestDaemon } from './harness/daemon.ts';

/** What API extensions promise and no other spec here looks at: each has a row in e2e/shown-by.ts. */

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
});
afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

const inside = async (name: string, script: string) => (await daemon.exec(name, ['sh', '-c', script])).stdout.trim();

it('tells what the host is: its system, its firewall, and the drivers it can use', async () => {
  const { environment } = await daemon.client.api.get<WireServer & { environment: Record<string, unknown> }>('/1.0');
  const release = await readFile('/etc/os-release', 'utf8');
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(release)?.[1] ?? '';
  expect(environment).toMatchObject({ os_name: field('NAME'), os_version: field('VERSION_ID'), firewall: 'nftables' });
  const drivers = environment.storage_supported_drivers as { Name: string; Remote: boolean }[];
  expect(drivers).toEqual(expect.arrayContaining([expect.objectContaining({ Name: 'dir', Remote: false })]));
});

it('sets kernel parameters and resource limits of an instance alone', async () => {
  const forwards = () => readFile('/proc/sys/net/ipv4/conf/lo/forwarding', 'utf8');
  const before = await forwards();
  const config = {
    'linux.sysctl.net.ipv4.conf.lo.forwarding': before.trim() === '1' ? '0' : '1',
    'limits.kernel.nofile': '1000:1500',
    'security.protection.shift': 'true',
  };
  await daemon.launchInstance('k1', 'busybox', { config });
  const [sysctl, soft, hard] = (await inside('k1', 'cat /proc/sys/net/ipv4/conf/lo/forwarding; ulimit -n; ulimit -Hn')).split('\n');
  expect([sysctl, soft, hard]).toEqual([config['linux.sysctl.net.ipv4.conf.lo.forwarding'], '1000', '1500']);
  expect(await forwards()).toBe(before);
  const host = {
    config: { 'linux.sysctl.kernel.panic': '1' },
    source: { type: 'image', alias: 'busybox' },
    name: 'k2',
    start: true,
  } as const;
  await expect(daemon.done(daemon.client.instances.create(host))).rejects.toThrow(/sysctl: (openat2|write) kernel.panic: (EACCES|EPERM)/);
  // security.protection.shift: nothing on disk changes its owner, by whatever ids it is seen.
  expect(await inside('k1', 'stat -c %u:%g /etc')).toBe('0:0');
  await daemon.remove('k1');
});

it('gives an instance the ids it is told to begin with', async () => {
  const base = '1900000000';
  await daemon.launchInstance('i1', 'busybox', { config: { 'security.idmap.isolated': 'true', 'security.idmap.base': base } });
  const { pid } = await daemon.client.instances.state('i1');
  expect(await readFile(`/proc/${pid}/uid_map`, 'utf8')).toMatch(new RegExp(`^ +0 +${base} +65536\n$`));
  await daemon.remove('i1');
});

it('mounts a disk with more flags, and tells how long an instance has computed', async () => {
  const disk = { type: 'disk', source: '/etc', path: '/of-host', 'raw.mount.options': 'noexec' };
  await daemon.launchInstance('d1', 'busybox', { devices: { disk } });
  expect(await inside('d1', 'grep " /of-host " /proc/mounts')).toMatch(/[ ,]noexec[, ]/);
  const { cpu } = await daemon.client.instances.state('d1');
  expect(cpu.usage).toBeGreaterThan(0);
  const { last_used_at } = await daemon.client.instances.get('d1');
  expect(Date.now() - Date.parse(last_used_at)).toBeLessThan(600_000);
  await daemon.remove('d1');
});

it('shows what is mounted on the host below a disk that says so, and nothing of the guest on the host', async () => {
  const source = await mkdtemp(join(tmpdir(), 'lxe-shared-'));
  const mount = (...args: string[]) => promisify(execFile)('mount', args);
  for (const each of ['sub', 'own']) await mkdir(join(source, each));
  await mount('--bind', source, source);
  try {
    await mount('--make-shared', source);
    const disk = { type: 'disk', source, path: '/follows', propagation: 'rslave', shift: 'true' };
    const apart = { type: 'disk', source, path: '/apart' };
    await daemon.launchInstance('p1', 'busybox', { devices: { disk, apart } });
    await mount('-t', 'tmpfs', 'of-host', join(source, 'sub'));
    expect(await inside('p1', "grep of-host /proc/mounts | cut -d' ' -f2")).toBe('/follows/sub');
    expect(await inside('p1', 'mount -t tmpfs of-guest /follows/own && grep -c of-guest /proc/mounts')).toBe('1');
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain('of-guest');
    await daemon.remove('p1');
  } finally {
    await promisify(execFile)('umount', ['--recursive', source]);
    await rm(source, { recursive: true });
  }
});

it('gives a bridge the address it is told to have', async () => {
  const hwaddr = '00:16:3e:aa:bb:cc';
  await daemon.client.networks.create({
    name: 'xbr',
    type: 'bridge',
    description: '',
    config: { 'bridge.hwaddr': hwaddr, 'ipv4.address': 'none' },
  });
  expect((await daemon.client.networks.state('xbr')).hwaddr).toBe(hwaddr);
  await daemon.client.networks.delete('xbr');
});

it('says of events where they are from, in which project, and who asked', async () => {
  const seen: unknown[] = [];
  const both = new Deferred<void>();
  const stream = await daemon.client.events.stream({ types: ['lifecycle'] }, (event) => {
    if (seen.push(event) === 2) both.resolve();
  });
  await daemon.done(daemon.client.instances.create({ name: 'e1', source: { type: 'none' } }));
  await daemon.done(daemon.client.instances.delete('e1'));
  await both.promise;
  stream.close();
  const requestor = expect.objectContaining({ protocol: 'unix', address: '@' });
  expect(seen).toEqual(
    ['instance-created', 'instance-deleted'].map((action) =>
      expect.objectContaining({ location: 'none', project: 'default', metadata: expect.objectContaining({ action, requestor }) }),
    ),
  );
});

it('keeps snapshots as long as the instance says, unless the request does', async () => {
  await daemon.done(daemon.client.instances.create({ name: 's1', source: { type: 'none' }, config: { 'snapshots.expiry': '1d' } }));
  await daemon.done(daemon.client.instances.takeSnapshot('s1', { name: 'a' }));
  await daemon.done(daemon.client.instances.takeSnapshot('s1', { name: 'b', expires_at: '2999-01-02T03:04:05Z' }));
  const [a, b] = await Promise.all(['a', 'b'].map((name) => daemon.client.instances.snapshot('s1', name)));
  const day = 24 * 3600_000;
  expect(Date.parse(a?.expires_at ?? '') - Date.parse(a?.created_at ?? '')).toBeGreaterThan(day - 2000);
  expect(Date.parse(a?.expires_at ?? '') - Date.parse(a?.created_at ?? '')).toBeLessThan(day + 3600_000);
  expect(b?.expires_at).toMatch(/^2999-01-02T03:04:05/);
  await daemon.remove('s1');
});
