import { describe, expect, it } from 'vitest';
import { cgroupLimits } from './appliers.ts';

const facts = { totalMemory: 8 * 2 ** 30, choose: (count: number) => [2, 3].slice(0, count) };

describe('cgroupLimits', () => {
  it('limits nothing by default', () => {
    expect(cgroupLimits({}, facts)).toEqual({});
  });

  it('reads memory as bytes or as a share of the host', () => {
    expect(cgroupLimits({ 'limits.memory': '512MiB', 'limits.memory.swap': 'false' }, facts)).toEqual({
      memory: { bytes: 2 ** 29, enforce: 'hard' },
      swap: false,
    });
    expect(cgroupLimits({ 'limits.memory': '25%', 'limits.memory.enforce': 'soft' }, facts)).toEqual({
      memory: { bytes: 2 ** 31, enforce: 'soft' },
    });
  });

  it('reads every spelling that the type accepts', () => {
    for (const spelling of ['false', '0', 'no', 'OFF'])
      expect(cgroupLimits({ 'limits.memory.swap': spelling }, facts)).toEqual({ swap: false });
    for (const spelling of ['true', '1', 'Yes', 'on']) expect(cgroupLimits({ 'limits.memory.swap': spelling }, facts)).toEqual({});
    expect(cgroupLimits({ 'limits.cpu': '3,0-1' }, facts)).toEqual({ cpuset: '0,1,3' });
  });

  it('reads the CPU allowance as a weight or as a quota', () => {
    expect(cgroupLimits({ 'limits.cpu.allowance': '50%', 'limits.cpu.priority': '3' }, facts)).toEqual({ cpuShare: 50, cpuPriority: 3 });
    expect(cgroupLimits({ 'limits.cpu.allowance': '25ms/100ms' }, facts)).toEqual({ cpuQuota: { quota: 25_000, period: 100_000 } });
  });

  it('gives a count of CPUs those that are chosen, and a list as it is', () => {
    expect(cgroupLimits({ 'limits.cpu': '2' }, facts)).toEqual({ cpuset: '2,3' });
    expect(cgroupLimits({ 'limits.cpu': '0,2-3' }, facts)).toEqual({ cpuset: '0,2,3' });
  });
});
