import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Keeper, LaunchPlan } from '#lib/host';
import { missing, World } from './keeper-world.ts';

const reason = missing();

describe.skipIf(reason !== null)(`mounts that a guest makes${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  let plan: LaunchPlan;
  let keeper: Keeper;
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
    const disk = join(world.root, 'disk');
    mkdirSync(join(disk, 'below'), { recursive: true });
    const base = world.plan();
    const layers = [...base.layers, { path: disk, idmapped: true, readonly: false, optional: false }];
    const step = { op: 'layer' as const, layer: layers.length - 1, target: '/srv/disk', create: 'directory' as const, flags: [] };
    plan = { ...base, layers, mounts: [...base.mounts, step] };
    keeper = await world.keepers.launch(plan);
  });
  afterAll(async () => {
    await keeper.kill();
    await world.dispose();
  });

  const sh = (script: string) => world.run(keeper, ['sh', '-c', script]);

  it('reach a mount namespace made before from its own, as systemd hands them to its services', async () => {
    // It says who it is when it has its namespace, and stays.
    const service = 'busybox unshare -m --propagation slave sh -c "echo \\$\\$; exec sleep 1000 >&- 2>&-" &';
    const pid = (await sh(service)).output.trim();
    expect(pid).toMatch(/^\d+$/);
    expect(
      (await sh('mkdir -p /tmp/late /srv/disk/below && mount -t tmpfs late /tmp/late && mount -t tmpfs late /srv/disk/below')).code,
    ).toBe(0);
    const seen = (await sh(`grep -c " late " /proc/${pid}/mountinfo; grep -c " late " /proc/self/mountinfo`)).output;
    expect(seen).toBe('2\n2\n');
    // Not the other way.
    const alone = 'busybox unshare -m --propagation slave sh -c "mount -t tmpfs inner /tmp; grep -c inner /proc/self/mountinfo"; ';
    expect((await sh(`${alone} grep -c inner /proc/self/mountinfo`)).output).toBe('1\n0\n');
  });

  it('do not reach the host, nor another container with the same disk', async () => {
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(' late ');
    expect(readFileSync(`/proc/${world.nurseryPid()}/mountinfo`, 'utf8')).not.toContain(' late ');
    const other = await world.keepers.launch({ ...plan, ...{ id: world.plan().id, cgroups: world.plan().cgroups } });
    expect((await world.run(other, ['grep', '-c', ' late ', '/proc/self/mountinfo'])).output).toBe('0\n');
    await other.kill();
  });

  it('have no peer outside the container', async () => {
    const shared = /shared:(\d+)/g;
    const groups = (pid: number | 'self') => [...readFileSync(`/proc/${pid}/mountinfo`, 'utf8').matchAll(shared)].map(([, group]) => group);
    const inside = groups(keeper.info.initPid);
    expect(inside.length).toBeGreaterThan(5);
    const outside = new Set(groups('self'));
    expect(inside.filter((group) => outside.has(group))).toEqual([]);
    expect(readFileSync(`/proc/${keeper.info.initPid}/mountinfo`, 'utf8')).not.toContain('master:');
  });
});
