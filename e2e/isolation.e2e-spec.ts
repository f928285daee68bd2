import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestDaemon } from './harness/daemon.ts';

/** What a guest's root must not be able to do to its host. Each test tries it. */

let daemon: TestDaemon;
const run = (script: string) => daemon.exec('jail', ['sh', '-c', script]);

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  await daemon.launchInstance('jail');
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

describe("the guest's root", () => {
  it('is an unprivileged user of the host', async () => {
    const pid = (await daemon.client.instances.state('jail')).pid;
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const uids = /^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)/m.exec(status)?.slice(1).map(Number) ?? [];
    expect(uids.every((uid) => uid >= 100_000)).toBe(true);
    expect((await run('id -u')).stdout).toBe('0\n');
    expect((await run('cat /proc/self/uid_map')).stdout).toMatch(/^\s+0\s+\d{6,}\s+65536\n\s+65536\s+\d{6,}\s+\d+\n$/);
  });

  it('sees no process but its own', async () => {
    const { stdout } = await run('ls /proc | grep -E "^[0-9]+$" | wc -l');
    expect(Number(stdout)).toBeLessThan(15);
    expect((await run(`kill -0 ${process.pid}`)).code).not.toBe(0);
    expect((await run('cat /proc/1/cmdline')).stdout).not.toContain('systemd --');
  });

  it('makes no device nodes, and mounts no host device', async () => {
    expect((await run('mknod /root/disk b 254 0')).code).not.toBe(0);
    expect((await run('mknod /root/mem c 1 1')).code).not.toBe(0);
    const device =
      (await readFile('/proc/mounts', 'utf8'))
        .split('\n')
        .find((line) => / \/ /.test(line))
        ?.split(' ')[0] ?? '/dev/vda';
    expect((await run(`ls ${device}`)).code).not.toBe(0);
    expect((await run(`mount -t ext4 ${device} /mnt`)).code).not.toBe(0);
    expect((await run('ls /dev')).stdout.split('\n').sort().filter(Boolean)).toEqual(
      expect.not.arrayContaining(['mem', 'kmem', 'vda', 'sda', 'loop0', 'kmsg']),
    );
  });

  it.each(['dir', 'overlay'])('opens no device node that lies in its root, on a pool of driver %s', async (driver) => {
    const pool = `pool-${driver}`;
    const name = `nodes-${driver}`;
    await daemon.client.pools.create({ name: pool, driver, description: '', config: {} });
    await daemon.done(
      daemon.client.instances.create({
        name,
        source: { type: 'image', alias: 'busybox' },
        devices: { root: { type: 'disk', path: '/', pool } },
      }),
    );
    const home = join(daemon.dir, 'storage-pools', pool, 'containers', name);
    execFileSync('mknod', ['-m', '666', join(home, driver === 'dir' ? 'rootfs' : 'upper', 'planted'), 'c', '1', '5']);
    await daemon.done(daemon.client.instances.setState(name, { action: 'start', timeout: 30, force: false }));
    for (const before of [
      'true',
      'mount -o remount,bind,dev /',
      'mkdir /a && mount -o bind / /a && mount -o remount,bind,dev /a && cd /a',
    ]) {
      const { stderr } = await daemon.exec(name, ['sh', '-c', `${before}; head -c 1 ./planted`], { cwd: '/' });
      expect(stderr, before).toMatch(/Permission denied/);
    }
    await daemon.remove(name);
    await daemon.client.pools.delete(pool);
  });

  it('loads no modules, and reboots or powers off nothing but itself', async () => {
    expect((await run('insmod /etc/passwd')).code).not.toBe(0);
    expect((await run('modprobe overlay')).code).not.toBe(0);
    expect((await run('echo b > /proc/sysrq-trigger')).code).not.toBe(0);
  });

  it("writes none of the host's kernel settings", async () => {
    const before = await readFile('/proc/sys/kernel/core_pattern', 'utf8');
    for (const path of [
      '/proc/sys/kernel/core_pattern',
      '/proc/sys/kernel/panic',
      '/proc/sys/vm/swappiness',
      '/proc/sys/fs/file-max',
      '/sys/kernel/uevent_helper',
      '/sys/power/state',
    ]) {
      expect((await run(`[ ! -e ${path} ] || echo 1 > ${path}`)).code, path).toBe((await run(`[ ! -e ${path} ]`)).code === 0 ? 0 : 1);
    }
    expect(await readFile('/proc/sys/kernel/core_pattern', 'utf8')).toBe(before);
    expect((await run('date -s 2000-01-01')).stderr).toMatch(/not permitted/i);
    expect(new Date().getFullYear()).toBeGreaterThan(2000);
    expect((await run('dmesg -n 1')).stderr).toMatch(/not permitted/i);
  });

  it("cannot see the host's control groups, nor raise its own limits", async () => {
    const { stdout } = await run('cat /proc/self/cgroup');
    for (const line of stdout
      .trim()
      .split('\n')
      .filter((each) => each.startsWith('0::')))
      expect(line).toBe('0::/');
    expect((await run('ls /sys/fs/cgroup')).stdout).not.toContain('lxctl-');
    // The kernel lets a guest mount a v1 hierarchy of its own control group namespace: its own part of it, and not to write.
    await run('mkdir -p /v1 && mount -t cgroup -o memory none /v1');
    expect((await run('ls /v1')).stdout).not.toContain('lxctl-');
    expect((await run('echo -1 > /v1/memory.limit_in_bytes')).code).not.toBe(0);
    expect((await run('echo max > /sys/fs/cgroup/memory.max')).code).not.toBe(0);
    expect((await run('echo 1 > /sys/fs/cgroup/../cgroup.freeze')).code).not.toBe(0);
    expect((await run('mkdir /m; mount -t tmpfs none /m && ls /sys/fs/cgroup/..')).stdout).not.toContain('lxctl');
  });

  it("reads none of the daemon's directories, by any path", async () => {
    for (const path of [daemon.dir, '/var/lib/lxctl', join(daemon.dir, 'unix.socket'), join('/proc/1/root', daemon.dir)]) {
      expect((await run(`ls ${path}`)).code, path).not.toBe(0);
    }
    const secret = join(daemon.dir, 'secret');
    await writeFile(secret, 'host secret', { mode: 0o644 });
    expect((await run(`cat /../../../../..${secret}`)).stdout).toBe('');
    expect((await run(`mkdir -p /proc/self/root${daemon.dir} && ls /proc/self/root${daemon.dir}`)).stdout).not.toContain('secret');
  });

  it('gets no descriptor of the host through a command', async () => {
    const { stdout } = await run('ls -l /proc/self/fd');
    expect(stdout.split('\n').filter((line) => /-> \//.test(line) && !/\/dev\/|\/proc\/\d+\/fd|pipe:|socket:/.test(line))).toEqual([]);
    for (let fd = 3; fd < 20; fd++)
      expect((await run(`ls /proc/self/fd/${fd}/../../ 2>/dev/null`)).stdout).not.toMatch(/lxctl|unix\.socket/);
    expect((await daemon.exec('jail', ['ls', '..'], { cwd: '/' })).stdout).not.toContain('work');
  });

  it('cannot trick the next start by symlinks in its root', async () => {
    await run('rm -rf /sys /mnt; ln -s /../../../../../etc /sys; ln -s ../../../../../../etc /mnt; true');
    const before = await readFile('/etc/hostname', 'utf8').catch(() => '');
    const restart = await daemon.client.instances.setState('jail', { action: 'restart', force: true, timeout: 10 });
    const view = await daemon.client.operations.wait(restart.id, 30);
    expect([200, 400]).toContain(view.status_code);
    expect(await readFile('/etc/hostname', 'utf8').catch(() => '')).toBe(before);
    const mounted = await readFile('/proc/self/mountinfo', 'utf8');
    expect(mounted).not.toMatch(/ \/etc sysfs| \/etc .* - sysfs/);
    if (view.status_code !== 200)
      await daemon.done(daemon.client.instances.setState('jail', { action: 'start', force: false, timeout: 10 })).catch(() => {});
  });

  it('is refused what the filter refuses', async () => {
    const pid = (await daemon.client.instances.state('jail')).pid;
    if (pid === 0) return;
    expect(await readFile(`/proc/${pid}/status`, 'utf8')).toMatch(/^Seccomp:\s+2$/m);
    const bounding = BigInt(`0x${/^CapBnd:\s+([0-9a-f]+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]}`);
    for (const dropped of [16, 17, 25, 32, 33]) expect(bounding & (1n << BigInt(dropped))).toBe(0n);
  });
});
