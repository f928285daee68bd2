import { describe, expect, it } from 'vitest';
import { launchPlan, type PlanInput } from './launch.ts';

const input: PlanInput = {
  instance: { id: '6f0c3a52-0000-4000-8000-000000000001', name: 'c1' },
  config: {},
  root: {
    layers: [
      { path: '/pool/images/f/rootfs', idmapped: true, readonly: true, optional: false },
      { path: '/pool/containers/c1', idmapped: true, readonly: false, optional: false },
    ],
    root: { kind: 'overlay', lower: [0], upper: 1 },
  },
  files: [],
  links: [],
  devices: [],
  cgroups: { create: [], write: [], cloneInto: '/sys/fs/cgroup/lxctl-0/c1', join: [], remove: [] },
  idMap: {
    uid: [{ inside: 0, outside: 1_000_000, count: 65_536 }],
    gid: [{ inside: 0, outside: 1_000_000, count: 65_536 }],
  },
  seccomp: null,
  lxcfs: null,
  runDir: '/run/lxctl',
  consoleLog: '/logs/c1/console.log',
};

describe('launchPlan', () => {
  it('is the same for the same input', () => {
    expect(launchPlan(input)).toEqual(launchPlan(input));
    expect(launchPlan(input)).toMatchSnapshot();
  });

  it('isolates by every namespace and drops capabilities whatever the config says', () => {
    const plan = launchPlan({ ...input, config: { 'security.nesting': 'true', 'user.x': 'y' } });
    expect(plan.namespaces).toEqual(['user', 'mount', 'pid', 'net', 'ipc', 'uts', 'cgroup']);
    expect(plan.dropCapabilities).toEqual(expect.arrayContaining([16, 17, 25]));
  });

  it('has a /proc and a /sys that nothing lies over, for containers inside, before lxcfs comes', () => {
    const targets = (config: Record<string, string>) =>
      launchPlan({ ...input, lxcfs: '/var/lib/lxcfs', config }).mounts.map(({ target }) => target);
    const nesting = targets({ 'security.nesting': 'true' });
    expect(nesting.indexOf('/dev/.lxc/proc')).toBeGreaterThan(nesting.indexOf('/dev'));
    expect(nesting.indexOf('/dev/.lxc/sys')).toBeLessThan(nesting.indexOf('/proc/cpuinfo'));
    expect(targets({}).filter((target) => target.startsWith('/dev/.lxc'))).toEqual([]);
  });

  it('refers only to layers that are there, each once', () => {
    const plan = launchPlan({ ...input, lxcfs: '/var/lib/lxcfs' });
    const used = [
      ...(plan.root.kind === 'overlay' ? [...plan.root.lower, plan.root.upper] : [plan.root.layer]),
      ...plan.mounts.flatMap((step) => (step.op === 'layer' ? [step.layer] : [])),
    ];
    expect(new Set(used).size).toBe(used.length);
    expect(used.every((layer) => plan.layers[layer] !== undefined)).toBe(true);
    expect(plan.layers.filter((layer) => layer.path.startsWith('/var/lib/lxcfs'))).toHaveLength(8);
  });

  it('mounts proc and sysfs while those of the host are in sight, all else after', () => {
    const early = launchPlan(input).mounts.filter((step) => step.op === 'fs' && step.early);
    expect(early.map((step) => step.target)).toEqual(['/proc', '/sys']);
  });

  it('takes environment, limits and sysctls from the config', () => {
    const plan = launchPlan({
      ...input,
      config: {
        'environment.A': 'b=c',
        'limits.kernel.nofile': '1024:unlimited',
        'limits.kernel.core': '0',
        'linux.sysctl.net.ipv4.ip_forward': '1',
      },
    });
    expect(plan.init.env).toEqual(['container=lxc', 'A=b=c']);
    expect(plan.rlimits).toEqual([
      { resource: 'core', soft: 0, hard: 0 },
      { resource: 'nofile', soft: 1024, hard: null },
    ]);
    expect(plan.sysctls).toEqual([{ key: 'net.ipv4.ip_forward', value: '1' }]);
  });

  it('leaves the cgroup file system out where the host has none of version 2', () => {
    const plan = launchPlan({ ...input, cgroups: { ...input.cgroups, cloneInto: null } });
    expect(plan.mounts.some((step) => step.op === 'fs' && step.fstype === 'cgroup2')).toBe(false);
  });
});
