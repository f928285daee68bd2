import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Keeper, LinuxLinks } from '#lib/host';
import { missing, World } from './keeper-world.ts';

const reason = missing();

describe.skipIf(reason !== null)(`what a guest's root cannot do${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  let keeper: Keeper;
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
    const base = world.plan({
      links: [
        {
          kind: 'veth',
          hostName: `ki${process.pid % 1000000}`,
          name: 'eth0',
          bridge: null,
          mac: '00:16:3e:00:00:04',
          hostMac: null,
          mtu: 1400,
        },
      ],
      sysctls: [{ key: 'net.ipv4.ip_forward', value: '1' }],
    });
    const layers = [...base.layers, { path: world.image, idmapped: true, readonly: true, optional: false }];
    const mounts = [
      ...base.mounts,
      { op: 'layer' as const, layer: layers.length - 1, target: '/srv/data', create: 'directory' as const, flags: ['nosuid' as const] },
    ];
    keeper = await world.keepers.launch({ ...base, layers, mounts });
  });
  afterAll(() => world.dispose());

  const sh = (script: string) => world.run(keeper, ['sh', '-c', `${script} 2>&1`]);

  it('see the processes of the host', async () => {
    const seen = (await sh('ls /proc')).output.split('\n').filter((name) => /^\d+$/.test(name));
    expect(seen.length).toBeLessThan(8);
  });

  it('see the groups of the host', async () => {
    const seen = (await sh('ls /sys/fs/cgroup')).output;
    expect(seen).toContain('cgroup.procs');
    expect(seen).not.toContain('lxctl-test');
    expect((await sh('cat /sys/fs/cgroup/cgroup.procs')).output.split('\n')).toContain('1');
    expect((await sh('cat /proc/self/mountinfo')).output).not.toMatch(/ \/\.\.\S* \/sys\/fs\/cgroup/);
  });

  it('see the mounts of the host', async () => {
    const mounts = (await sh('cat /proc/self/mountinfo')).output.trim().split('\n');
    // Roots of overlay, proc, sysfs, cgroup2, dev, pts, shm, mqueue, the nodes, the console, the disk; and nothing else.
    expect(mounts.map((line) => line.split(' ')[4] ?? '').sort()).toEqual(
      [
        '/',
        '/proc',
        '/sys',
        '/sys/fs/cgroup',
        '/dev',
        '/dev/pts',
        '/dev/shm',
        '/dev/mqueue',
        '/dev/null',
        '/dev/zero',
        '/dev/full',
        '/dev/random',
        '/dev/urandom',
        '/dev/tty',
        '/dev/console',
        '/srv/data',
      ].sort(),
    );
  });

  it('write the settings of the host', async () => {
    const before = readFileSync('/proc/sys/kernel/panic', 'utf8');
    expect((await sh('echo 77 > /proc/sys/kernel/panic')).code).not.toBe(0);
    expect((await sh('echo b > /proc/sysrq-trigger')).code).not.toBe(0);
    expect(readFileSync('/proc/sys/kernel/panic', 'utf8')).toBe(before);
    expect((await sh('cat /proc/sys/net/ipv4/ip_forward')).output).toBe('1\n');
  });

  it('make or mount devices', async () => {
    expect((await sh('busybox mknod /root/sda b 254 0')).code).not.toBe(0);
    expect((await sh('mkdir -p /tmp/m; mount -t ext4 /dev/vda /tmp/m')).code).not.toBe(0);
    expect((await sh('mount -t devtmpfs dev /tmp/m')).code).not.toBe(0);
  });

  it('write to a disk given read-only', async () => {
    expect((await sh('mount -o remount,bind,rw /srv/data')).code).not.toBe(0);
    expect((await sh('echo x > /srv/data/x')).output).toMatch(/Read-only file system/);
    // Neither by a namespace of its own.
    expect((await sh('busybox unshare -m sh -c "mount -o remount,bind,rw /srv/data; echo x > /srv/data/x"')).output).toMatch(
      /Read-only file system/,
    );
  });

  it('raise its own limits', async () => {
    expect((await sh('echo max > /sys/fs/cgroup/hugetlb.2MB.max')).code).not.toBe(0);
    expect((await sh('mkdir /sys/fs/cgroup/mine && echo $$ > /sys/fs/cgroup/mine/cgroup.procs')).code).toBe(0);
  });

  it('leave traces in the layer below', () => {
    expect(readdirSync(world.image)).not.toContain('srv');
  });

  it('but it has its own network', async () => {
    const { links } = await keeper.network();
    expect(links.map((link) => [link.name, link.up])).toEqual([
      ['lo', true],
      ['eth0', true],
    ]);
    expect(links[1]).toMatchObject({ mac: '00:16:3e:00:00:04', mtu: 1400, kind: 'veth' });
    await sh('ip link set eth0 up; ip addr add 10.9.8.7/24 dev eth0');
    expect((await keeper.network()).addresses).toContainEqual(expect.objectContaining({ address: '10.9.8.7', prefix: 24 }));
    const host = (await new LinuxLinks().list()).find((link) => link.name.startsWith('ki'));
    expect(host).toMatchObject({ up: true, mtu: 1400 });
  });
});
