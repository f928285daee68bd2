import { describe, expect, expectTypeOf, it } from 'vitest';
import { parseCpuList } from './cpus.ts';
import { instanceConfigProblems, keyOf, type LiveInstanceKey, profileConfigProblems } from './instance.ts';

describe('keys of instances', () => {
  it.each(['1,1', '1-0', '0-2,1', '0,', '1-', '0', '00', '-1', 'x', '0-99999'])('limits.cpu=%s is refused when it is set', (value) => {
    expect(instanceConfigProblems({ 'limits.cpu': value }).length).toBe(1);
  });

  it.each([
    ['limits.memory', '0'],
    ['limits.memory', '0%'],
    ['limits.memory', '000%'],
    ['limits.kernel.nofile', '2048:1024'],
    ['limits.disk.priority', '11'],
    ['limits.hugepages.2MB', 'banana'],
    ['limits.memory.swap', 'maybe'],
    ['linux.kernel_modules', '-r'],
    ['linux.kernel_modules', '../overlay'],
    ['linux.kernel_modules', 'overlay --force'],
    ['linux.kernel_modules', 'overlay,'],
    ['limits.memory.swap.priority', '-1'],
    ['limits.kernel.nofile', 'unlimited:1024'],
  ])('%s=%s is refused when it is set', (key, value) => {
    expect(instanceConfigProblems({ [key]: value })).toHaveLength(1);
  });

  it.each([
    ['snapshots.expiry', '1M 2H 3d 4w 5m 6y', true],
    ['snapshots.expiry', '1x', false],
    ['snapshots.expiry', '1d 2d', false],
    ['snapshots.expiry', 'd', false],
    ['snapshots.pattern', 'at-{{ creation_date|date:"2006-01-02" }}-%d', true],
    ['snapshots.pattern', '%d%d', false],
    ['snapshots.pattern', '{{ config }}', false],
    ['snapshots.pattern', 'a/b', false],
  ])('%s=%s: %s', (key, value, good) => {
    expect(instanceConfigProblems({ [key]: value })).toHaveLength(good ? 0 : 1);
  });

  it('of snapshots say when they end and what they are called', () => {
    const at = new Date('2024-02-28T23:04:05Z');
    const config = { 'snapshots.expiry': '1d 1m', 'snapshots.pattern': "{{creation_date|date:'2006-01-02_15-04-05'}}-%d" };
    expect(keyOf(config, 'snapshots.expiry')?.(at)).toEqual(new Date('2024-03-29T23:04:05Z'));
    expect(keyOf(config, 'snapshots.pattern')?.(at)).toBe('2024-02-28_23-04-05-%d');
  });

  it('of LXD that this server has not are told from keys that nobody has', () => {
    const told = (key: string) => instanceConfigProblems({ [key]: '1' })[0];
    for (const key of ['security.syscalls.intercept.mknod', 'cloud-init.ssh-keys.a', 'raw.qemu', 'raw.lxc', 'raw.apparmor'])
      expect(told(key)).toMatch(new RegExp(`^Configuration key not supported by this server: ${key} \\(.{10,}\\)$`));
    for (const key of ['security.foo', 'snapshots.foo', 'limits.memory.foo', 'raw.', 'boot.foo'])
      expect(told(key)).toBe(`Unknown configuration key: ${key}`);
  });

  it.each([
    ['security.privileged', 'No'],
    ['boot.stop.priority', '-3'],
    ['limits.memory.swap', '100MiB'],
    ['linux.kernel_modules', 'overlay, br_netfilter,ip6table-nat'],
    ['limits.hugepages.2MB', '0'],
    ['limits.cpu.allowance', '10/100'],
    ['limits.cpu.allowance', '10ms/100'],
  ])('%s=%s is accepted as LXD accepts it', (key, value) => {
    expect(instanceConfigProblems({ [key]: value })).toEqual([]);
  });

  it('of one instance alone are refused in profiles', () => {
    const problems = profileConfigProblems({ 'volatile.uuid': 'x', 'image.os': 'y', 'user.a': 'b' });
    expect(problems).toEqual(['Volatile keys can only be set on instances', 'Image keys can only be set on instances']);
  });

  it('mean what their rows say', () => {
    expect(keyOf({ 'limits.cpu': '2' }, 'limits.cpu')).toBe(2);
    expect(keyOf({ 'limits.cpu': '2-3,0' }, 'limits.cpu')).toEqual([0, 2, 3]);
    expect(keyOf({}, 'limits.cpu')).toBeUndefined();
    expect(keyOf({ 'boot.autostart': 'No' }, 'boot.autostart')).toBe(false);
    expect(keyOf({}, 'boot.host_shutdown_timeout')).toBe(30);
    expect(keyOf({ 'boot.stop.priority': '' }, 'boot.stop.priority')).toBe(0);
    expect(keyOf({ 'limits.cpu.allowance': '25ms/100ms' }, 'limits.cpu.allowance')).toEqual({ quota: 25_000, period: 100_000 });
    expect(keyOf({ 'limits.kernel.nofile': '1:unlimited' }, 'limits.kernel.nofile')).toEqual({ soft: 1, hard: null });
    expectTypeOf(keyOf({}, 'limits.memory.enforce')).toEqualTypeOf<'hard' | 'soft'>();
  });

  it('are live by an applier, or by being read when they are used', () => {
    expectTypeOf<LiveInstanceKey>().toEqualTypeOf<
      | 'limits.cpu'
      | 'limits.cpu.allowance'
      | 'limits.cpu.priority'
      | 'limits.disk.priority'
      | 'limits.hugepages.1GB'
      | 'limits.hugepages.1MB'
      | 'limits.hugepages.2MB'
      | 'limits.hugepages.64KB'
      | 'limits.memory'
      | 'limits.memory.enforce'
      | 'limits.memory.swap'
      | 'limits.memory.swap.priority'
      | 'limits.processes'
    >();
  });

  it('lists of CPUs are read ascending', () => {
    expect(parseCpuList('3,0-1')).toEqual([0, 1, 3]);
    expect(parseCpuList('0-99999')).toBeNull();
  });
});
