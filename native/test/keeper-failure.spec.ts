import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LaunchPlan } from '#lib/host';
import { missing, standardMounts, World } from './keeper-world.ts';

const reason = missing();

describe.skipIf(reason !== null)(`a launch that fails${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
  });
  afterAll(() => world.dispose());

  const link = (change: object) => ({
    kind: 'veth' as const,
    hostName: `kf${process.pid % 1000000}`,
    name: 'eth0',
    bridge: null,
    mac: '00:16:3e:00:00:03',
    hostMac: null,
    mtu: null,
    ...change,
  });
  const cases: [string, (plan: LaunchPlan) => Partial<LaunchPlan>, RegExp][] = [
    [
      'a group that cannot be made',
      (plan) => ({ cgroups: { ...plan.cgroups, create: [{ path: '/sys/fs/cgroup/unified/none/none', delegate: false }] } }),
      /: cgroup: mkdir .*none\/none: ENOENT$/,
    ],
    [
      'a limit that is no limit',
      (plan) => ({ cgroups: { ...plan.cgroups, write: [{ path: `${plan.cgroups.cloneInto}/cgroup.freeze`, value: 'banana' }] } }),
      /: cgroup: write .*cgroup.freeze: EINVAL$/,
    ],
    [
      'a layer that is missing',
      (plan) => ({ layers: plan.layers.map((layer, i) => (i === 0 ? { ...layer, path: '/no/such' } : layer)) }),
      /: layers: open_tree \/no\/such: ENOENT$/,
    ],
    [
      'a map that overlaps',
      () => ({
        idMap: {
          uid: [
            { inside: 0, outside: 1, count: 2 },
            { inside: 1, outside: 9, count: 2 },
          ],
          gid: [{ inside: 0, outside: 1, count: 1 }],
        },
      }),
      /: idmap: write \/proc\/\d+\/uid_map: EINVAL$/,
    ],
    ['a bridge that is missing', () => ({ links: [link({ bridge: 'nosuchbridge' })] }), /: links: RTM_GETLINK nosuchbridge: ENODEV$/],
    [
      'a mount of no kind',
      () => ({
        mounts: [...standardMounts(), { op: 'fs', fstype: 'nosuchfs', source: '', target: '/mnt', flags: [], data: '', early: false }],
      }),
      /: mount: fsopen nosuchfs: ENODEV$/,
    ],
    [
      'a mount with a bad option',
      () => ({
        mounts: [
          ...standardMounts(),
          { op: 'fs', fstype: 'tmpfs', source: '', target: '/mnt', flags: [], data: 'size=banana', early: false },
        ],
      }),
      /: mount: fsconfig tmpfs: EINVAL$/,
    ],
    [
      'a sysctl that is missing',
      () => ({ sysctls: [{ key: 'net.ipv4.no_such', value: '1' }] }),
      /: sysctl: openat2 net.ipv4.no_such: ENOENT$/,
    ],
    [
      'a sysctl of the host',
      () => ({ sysctls: [{ key: 'kernel.panic', value: '1' }] }),
      /: sysctl: (openat2|write) kernel.panic: (EACCES|EPERM)$/,
    ],
    [
      'a limit above the hard one',
      () => ({ rlimits: [{ resource: 'nofile', soft: 99_999_999, hard: 99_999_999 }] }),
      /: rlimits: prlimit nofile: EPERM$/,
    ],
    ['a filter that is none', () => ({ seccomp: new Uint8Array(8) }), /: seccomp: seccomp: EINVAL$/],
    ['an init that is missing', (plan) => ({ init: { ...plan.init, argv: ['/sbin/none'] } }), /: exec: execve \/sbin\/none: ENOENT$/],
    ['a working directory that is missing', (plan) => ({ init: { ...plan.init, cwd: '/none' } }), /: exec: chdir \/none: ENOENT$/],
  ];
  it.each(cases)('names its stage: %s', async (_name, change, text) => {
    const base = world.plan({ links: [link({})] });
    const plan = { ...base, ...change(base) };
    await expect(world.keepers.launch(plan)).rejects.toThrow(text);
    expect(await world.traces({ ...plan, links: base.links })).toEqual([]);
    expect(readdirSync(world.runDir).filter((name) => name.startsWith(plan.id))).toEqual([]);
  });

  it('takes only its own links away', async () => {
    const first = await world.keepers.launch(world.plan({ links: [link({})] }));
    const second = world.plan({ links: [link({})] });
    await expect(world.keepers.launch(second)).rejects.toThrow(/: links: RTM_NEWLINK kf\d+: EEXIST$/);
    expect(await world.traces({ ...second, links: [link({})] })).toEqual([expect.stringMatching(/^link kf/)]);
    await first.kill();
  });

  it('skips the mount of an optional layer', async () => {
    const base = world.plan();
    const layers = [...base.layers, { path: '/no/such', idmapped: false, readonly: false, optional: true }];
    const mounts = [
      ...base.mounts,
      { op: 'layer' as const, layer: layers.length - 1, target: '/mnt', create: 'directory' as const, flags: [] },
    ];
    const keeper = await world.keepers.launch({ ...base, layers, mounts });
    expect(await world.run(keeper, ['ls', '/mnt'])).toMatchObject({ code: 1 });
    await keeper.kill();
  });

  it('follows no symlink planted in the root out of it', async () => {
    const base = world.plan();
    const upper = join(world.root, base.id, 'upper');
    // The guest wrote these in its last life.
    for (const [name, to] of [
      ['dev', '../../../../../..'],
      ['sys', '/proc/1/root'],
      ['mnt', '/proc/self/fd/3'],
    ] as const) {
      symlinkSync(to, join(upper, name));
    }
    const before = readdirSync('/');
    const mounts = [...base.mounts, { op: 'mkdir' as const, target: '/mnt/planted', mode: 0o755 }];
    // It starts, or says where it stopped; the host is not touched either way.
    const outcome = await world.keepers.launch({ ...base, mounts }).catch((error: unknown) => error as Error);
    if ('kill' in outcome) await outcome.kill();
    else expect(outcome.message).toMatch(/^Failed to start: /);
    expect(readdirSync('/')).toEqual(before);
    expect(await world.traces(base)).toEqual([]);
  });
});
