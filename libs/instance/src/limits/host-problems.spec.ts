import { afterEach, describe, expect, it } from 'vitest';
import { LxError } from '#lib/contract';
import { errnoError } from '#lib/host';
import { removeWorlds, World } from '../testing/world.ts';
import { changeable } from '../verbs/update.ts';
import { hostProblems } from './host-problems.ts';
import { inTermsOfKeys } from './refusal.ts';

afterEach(removeWorlds);

const host = { onlineCpus: [0, 1], totalMemory: 2 ** 33, hardLimits: { nofile: 20_000 } };

describe('what this host cannot give is said before the kernel is asked', () => {
  it.each([
    [{ 'limits.cpu': '0-9' }, 'no CPU 2,3,4,5,6,7,8,9, only 0,1'],
    [{ 'limits.memory': '1' }, 'at least 1MiB'],
    [{ 'limits.memory': '4KiB' }, 'at least 1MiB'],
    [{ 'limits.kernel.nofile': '1024:99999999' }, 'at most 20000'],
    [{ 'limits.kernel.nofile': 'unlimited' }, 'at most 20000'],
  ])('%j', (config, reason) => {
    const [problem = ''] = hostProblems(config as unknown as Record<string, string>, host);
    for (const [key, value] of Object.entries(config)) expect(problem).toContain(`Invalid value "${value}" for key "${key}"`);
    expect(problem).toContain(reason);
  });

  it('nothing of what it can give', () => {
    const config = { 'limits.cpu': '9', 'limits.memory': '1MiB', 'limits.kernel.nofile': '1024:20000', 'limits.kernel.core': 'unlimited' };
    expect(hostProblems(config, host)).toEqual([]);
    expect(hostProblems({ 'limits.cpu': '0-1', 'limits.memory': '1', 'limits.memory.enforce': 'soft' }, host)).toEqual([]);
  });

  it('when it is set, and when an instance is made', async () => {
    const world = await World.make();
    const row = await world.instance('c1');
    const config = { 'limits.cpu': '7-9' };
    await expect(world.verbs.update.begin(row, { ...changeable(row), config })).rejects.toThrow('no CPU 7,8,9');
  });
});

describe('what the kernel refuses all the same', () => {
  it('names key and value', () => {
    const config = { 'limits.memory': '64MiB', 'limits.kernel.nofile': '5' };
    const write = errnoError('EBUSY', 'write', '/sys/fs/cgroup/memory/x/memory.limit_in_bytes');
    expect(inTermsOfKeys(write, config)).toMatchObject({ status: 400, message: 'The kernel refuses limits.memory=64MiB: EBUSY' });
    const launch = (stage: string, path: string, errno = 'EPERM') => new LxError('launch.failed', { stage, syscall: 'write', errno, path });
    const told = (error: unknown) => (inTermsOfKeys(error, config) as Error).message;
    expect(told(launch('rlimits', 'nofile'))).toBe('The kernel refuses limits.kernel.nofile=5: EPERM');
    expect(told(launch('cgroup', '/sys/fs/cgroup/x/memory.max'))).toBe('The kernel refuses limits.memory=64MiB: EPERM');
    expect(told(launch('child', '', 'EPIPE'))).toBe('The kernel refuses limits.memory=64MiB: ENOMEM');
  });

  it('leaves other failures as they are', () => {
    const exec = new LxError('launch.failed', { stage: 'exec', syscall: 'execve', errno: 'ENOENT', path: '/sbin/init' });
    expect(inTermsOfKeys(exec, { 'limits.memory': '1GiB' })).toBe(exec);
    const elsewhere = errnoError('EBUSY', 'write', '/sys/fs/cgroup/x/cgroup.freeze');
    expect(inTermsOfKeys(elsewhere, { 'limits.memory': '1GiB' })).toBe(elsewhere);
  });

  it('of a running instance fails its update, which leaves the row as it was', async () => {
    const world = await World.make();
    const { row } = await world.running('c1');
    world.cgroups.apply = async (_, limits) => {
      if (limits.memory) throw errnoError('EBUSY', 'write', '/sys/fs/cgroup/x/memory.max');
    };
    const update = await world.verbs.update.begin(row, { ...changeable(row), config: { 'limits.memory': '8MiB' } });
    expect(await update.done).toMatchObject({ err: 'The kernel refuses limits.memory=8MiB: EBUSY' });
    expect((await world.row(row.id)).config).toEqual({});
  });
});
