import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
let lxcfs: ChildProcess;
let mount: string;

const possible = existsSync('/usr/bin/lxcfs') && existsSync('/dev/fuse');

describe.skipIf(!possible)('where the host runs lxcfs (skipped without the package lxcfs or /dev/fuse)', () => {
  beforeAll(async () => {
    mount = await mkdtemp(join(tmpdir(), 'lxcfs-'));
    const mounted = spawn('findmnt', ['--poll=mount', '--first-only', '--timeout', '20000', '--mountpoint', mount], { stdio: 'ignore' });
    await once(mounted, 'spawn');
    lxcfs = spawn('lxcfs', ['-f', '-p', `${mount}.pid`, mount], { stdio: 'ignore' });
    expect(await once(mounted, 'exit')).toEqual([0, null]);
    daemon = await TestDaemon.start();
    await daemon.buildImage('busybox');
  });

  afterAll(async () => {
    expect(await daemon.stop()).toEqual([]);
    lxcfs.kill('SIGTERM');
    await once(lxcfs, 'exit');
    await rm(mount, { recursive: true, force: true });
    await rm(`${mount}.pid`, { force: true });
  });

  it('an instance sees its own memory limit and its own uptime', async () => {
    await daemon.launchInstance('fs', 'busybox', { config: { 'limits.memory': '64MiB' } });
    const total = /^MemTotal:\s+(\d+) kB/m.exec((await daemon.exec('fs', ['cat', '/proc/meminfo'])).stdout)?.[1];
    expect(Number(total)).toBe(65_536);
    const uptime = Number((await daemon.exec('fs', ['cat', '/proc/uptime'])).stdout.split(' ')[0]);
    expect(uptime).toBeLessThan(60);
    await daemon.remove('fs');
  });

  it('an instance sees as many CPUs as it may use, wherever it looks', async () => {
    await daemon.launchInstance('cpu', 'busybox', { config: { 'limits.cpu': '1' } });
    const { stdout } = await daemon.exec('cpu', [
      'sh',
      '-c',
      'nproc; grep -c ^processor /proc/cpuinfo; cat /sys/devices/system/cpu/online',
    ]);
    const [usable, listed, online = ''] = stdout.split('\n');
    expect([usable, listed]).toEqual(['1', '1']);
    expect(online).toMatch(/^\d+$/);
    await daemon.remove('cpu');
  });
});
