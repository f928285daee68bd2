import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cgroupName, HostCgroups } from './cgroups.ts';
import { readHierarchies } from './hierarchy.ts';

const found = readHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'), '/sys/fs/cgroup');
const why = process.getuid?.() !== 0 ? 'needs root' : found.unified ? '' : 'needs a cgroup2 mount';

describe.skipIf(why !== '')(`HostCgroups on this host${why && ` (${why})`}`, () => {
  const cgroups = new HostCgroups({ name: cgroupName(`spec-${process.pid}`) });
  const plan = () => cgroups.plan('one', cgroups.backends.pids === 'none' ? {} : { processes: 50 });

  it('limits, freezes, counts, kills and leaves nothing', async () => {
    await cgroups.prepare();
    const { create, write, join: joins, cloneInto } = plan();
    for (const { path } of create) await mkdir(path);
    for (const { path, value } of write) await writeFile(path, value);
    const child = spawn('sh', ['-c', 'sleep 1000 & wait'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const ended = once(child, 'exit');
    for (const path of [cloneInto!, ...joins]) await writeFile(join(path, 'cgroup.procs'), String(child.pid));

    await cgroups.freeze('one');
    expect(await cgroups.frozen('one')).toBe(true);
    await cgroups.unfreeze('one');
    expect(await cgroups.frozen('one')).toBe(false);

    const usage = await cgroups.usage('one');
    expect(usage.cpu).toBeGreaterThanOrEqual(0);
    if (cgroups.backends.pids !== 'none') expect(usage.processes).toBeGreaterThan(0);
    if (cgroups.backends.memory === 'v1') {
      await cgroups.apply('one', { memory: { bytes: 64 << 20, enforce: 'hard' }, swap: false });
      expect((await cgroups.usage('one')).memoryLimit).toBe(64 << 20);
      await cgroups.apply('one', { memory: { bytes: 128 << 20, enforce: 'hard' }, swap: 1 << 20 });
      await cgroups.apply('one', { memory: { bytes: 32 << 20, enforce: 'hard' } });
      await cgroups.apply('one', {});
      expect((await cgroups.usage('one')).memoryLimit).toBeNull();
    }

    expect(await cgroups.list()).toEqual(['one']);
    await cgroups.freeze('one');
    await cgroups.sweep('one');
    expect((await ended)[1]).toBe('SIGKILL');
    expect(await cgroups.list()).toEqual([]);
    await cgroups.sweep('one');
    await cgroups.retire();
    expect(create.filter(({ path }) => existsSync(dirname(path)))).toEqual([]);
  });
});
