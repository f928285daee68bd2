import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LaunchPlan } from '#lib/host';
import { missing, World } from './keeper-world.ts';

const reason = missing();

describe.skipIf(reason !== null)(`keepers under stress${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
  });
  afterAll(() => world.dispose());

  const linked = (i: number): LaunchPlan =>
    world.plan({
      links: [
        {
          kind: 'veth',
          hostName: `ks${process.pid % 100000}x${i}`,
          name: 'eth0',
          bridge: null,
          mac: '00:16:3e:00:00:07',
          hostMac: null,
          mtu: null,
        },
      ],
    });

  it('fifty at once start, run, end and leave nothing', async () => {
    const plans = Array.from({ length: 50 }, (_, i) => linked(i));
    const keepers = await Promise.all(plans.map((plan) => world.keepers.launch(plan)));
    const runs = await Promise.all(keepers.map((keeper) => world.run(keeper, ['hostname'])));
    expect(runs.every((run) => run.output === 'guest\n')).toBe(true);
    await Promise.all(keepers.map((keeper) => keeper.kill()));
    expect((await Promise.all(plans.map((plan) => world.traces(plan)))).flat()).toEqual([]);
  });

  it('removes the groups that a guest has nested deeply', async () => {
    const plan = world.plan();
    const keeper = await world.keepers.launch(plan);
    const nest =
      'cd /sys/fs/cgroup; i=0; while [ $i -lt 300 ]; do mkdir -p a b; cd a; i=$((i+1)); done; (sleep 1000 <&- >&- 2>&- &) ; echo 1 > cgroup.procs';
    expect(await world.run(keeper, ['sh', '-c', `${nest} 2>&1`])).toMatchObject({ code: 0 });
    await keeper.kill();
    expect(await world.traces(plan)).toEqual([]);
  });

  it.each([
    ['v2', (plan: LaunchPlan) => writeFileSync(join(plan.cgroups.cloneInto as string, 'cgroup.freeze'), '1')],
    [
      'v1',
      (plan: LaunchPlan) => {
        const freezer = plan.cgroups.join.find((path) => path.includes('/freezer/'));
        if (freezer) writeFileSync(join(freezer, 'freezer.state'), 'FROZEN');
      },
    ],
  ])('kills a container that is frozen (%s), with the exec that froze on its way in', async (_version, freeze) => {
    const plan = linked(0);
    const keeper = await world.keepers.launch(plan);
    freeze(plan);
    const stuck = world.run(keeper, ['true']).then(
      ({ code }) => code,
      (error: unknown) => (error as NodeJS.ErrnoException).code,
    );
    // The keeper itself is not held up by it.
    expect((await keeper.readLog()).length).toBeGreaterThanOrEqual(0);
    await keeper.kill();
    expect(['instance.not_running', 137]).toContain(await stuck);
    expect(await world.traces(plan)).toEqual([]);
  });
});
