import { describe, expect, it } from 'vitest';
import { readHierarchies } from './hierarchy.ts';

const tmpfs = '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755';
const hybrid = [
  '23 1 8:1 / / rw - ext4 /dev/root rw',
  tmpfs,
  '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct',
  '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory',
  '40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd',
  '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate',
];

describe('readHierarchies', () => {
  it('finds v1 controllers, also those mounted together, beside cgroup2', () => {
    const found = readHierarchies(hybrid.join('\n'), '/sys/fs/cgroup');
    expect(found.unified).toBe('/sys/fs/cgroup/unified');
    expect(Object.fromEntries(found.v1)).toEqual({
      cpu: '/sys/fs/cgroup/cpu,cpuacct',
      cpuacct: '/sys/fs/cgroup/cpu,cpuacct',
      memory: '/sys/fs/cgroup/memory',
    });
  });

  it('finds the pure v2 host', () => {
    const found = readHierarchies('29 22 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw', '/sys/fs/cgroup');
    expect(found).toEqual({ unified: '/sys/fs/cgroup', v1: new Map() });
  });

  it('does not see what a later mount hides', () => {
    const found = readHierarchies([...hybrid, '90 31 0:38 / /sys/fs/cgroup rw - cgroup2 none rw'].join('\n'), '/sys/fs/cgroup');
    expect(found).toEqual({ unified: '/sys/fs/cgroup', v1: new Map() });
  });

  it('reads escaped mount points and leaves out mounts elsewhere', () => {
    const text = '1 0 0:1 / /tmp/a\\040b/unified rw - cgroup2 x rw\n2 0 0:2 / /elsewhere rw - cgroup cgroup rw,memory';
    expect(readHierarchies(text, '/tmp/a b')).toEqual({ unified: '/tmp/a b/unified', v1: new Map() });
  });
});
