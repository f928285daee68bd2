import { describe, expect, it } from 'vitest';
import { cgroupLimits, cpusOf } from './limits.ts';

const facts = { totalMemory: 8 * 2 ** 30, onlineCpus: [0, 1, 2, 3] };

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

  it('reads the CPU allowance as a weight or as a quota', () => {
    expect(cgroupLimits({ 'limits.cpu.allowance': '50%', 'limits.cpu.priority': '3' }, facts)).toEqual({ cpuShare: 50, cpuPriority: 3 });
    expect(cgroupLimits({ 'limits.cpu.allowance': '25ms/100ms' }, facts)).toEqual({ cpuQuota: { quota: 25_000, period: 100_000 } });
  });

  it('gives a count of CPUs the least used ones, and a list as it is', () => {
    expect(
      cgroupLimits(
        { 'limits.cpu': '2' },
        {
          ...facts,
          load: new Map([
            [0, 2],
            [1, 1],
          ]),
        },
      ),
    ).toEqual({ cpuset: '2,3' });
    expect(cgroupLimits({ 'limits.cpu': '0,2-3' }, facts)).toEqual({ cpuset: '0,2-3' });
    expect(cgroupLimits({ 'limits.cpu': '9' }, facts)).toEqual({ cpuset: '0,1,2,3' });
    expect(cpusOf('0,2-3')).toEqual([0, 2, 3]);
  });
});
