import { describe, expect, it } from 'vitest';
import { FakePlaces } from '#lib/host';
import { deviceProblems, diskLimits } from '../../index.ts';

const places = new FakePlaces().add('/pools/default', 'directory').add('/srv', 'directory').add('/run/x', 'directory');
places.disks.set('/pools/default', '254:0').set('/srv', '254:0');
const holders = { places, storage: { pools: { directory: async (name: string) => `/pools/${name}` } } };
const disk = (options: Record<string, string>) => ({ type: 'disk', ...options });

describe('limits of disks', () => {
  it('are those of the disk below, in bytes or operations, and `max` stands for both', async () => {
    const srv = disk({ source: '/srv', path: '/srv', 'limits.read': '1MiB', 'limits.write': '100iops' });
    expect(await diskLimits(holders, { srv })).toEqual([{ disk: '254:0', readBytes: 1048576, writeOperations: 100 }]);
    const max = disk({ source: '/srv', path: '/srv', 'limits.max': '7iops', 'limits.read': '1MiB' });
    expect(await diskLimits(holders, { max })).toEqual([{ disk: '254:0', readOperations: 7, writeOperations: 7 }]);
    expect(await diskLimits(holders, { none: disk({ source: '/srv', path: '/srv', 'limits.max': '0' }) })).toEqual([]);
  });

  it('are the lowest of two on one disk, the root among them', async () => {
    const root = disk({ pool: 'default', path: '/', 'limits.read': '5MB', 'limits.write': '5MB' });
    const srv = disk({ source: '/srv', path: '/srv', 'limits.read': '6MB', 'limits.write': '4MB' });
    expect(await diskLimits(holders, { root, srv })).toEqual([{ disk: '254:0', readBytes: 5e6, writeBytes: 4e6 }]);
  });

  it('need a block device, but not of what is missing', async () => {
    const on = (source: string) => diskLimits(holders, { d: disk({ source, path: '/x', 'limits.read': '1MB' }) });
    await expect(on('/run/x')).rejects.toThrow('Cannot enforce the limits of disk "d": /run/x is on no block device');
    expect(await on('/missing')).toEqual([]);
  });

  it.each(['abc', '-5', '10MBiops', 'iops', '1.5iops', '5 iops'])('are not %j', (value) => {
    const problems = deviceProblems({ d: disk({ source: '/srv', path: '/x', 'limits.read': value }) });
    expect(problems).toEqual([expect.stringContaining('Invalid value for device option "limits.read"')]);
  });
});

describe('propagation of disks', () => {
  const problems = (propagation: string) => deviceProblems({ d: disk({ source: '/srv', path: '/x', propagation }) });
  it.each(['private', 'rprivate', 'slave', 'rslave'])('may be %s', (word) => expect(problems(word)).toEqual([]));
  it.each(['shared', 'rshared', 'unbindable', 'runbindable'])('is not %s, with the reason', (word) =>
    expect(problems(word)).toEqual([expect.stringContaining('mounts of a guest never show on the host')]),
  );
  it("is nothing else, in LXD's words", () =>
    expect(problems('foo')).toEqual(['Device validation failed for "d": Invalid propagation mode "foo"']));
});
