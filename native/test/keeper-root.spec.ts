import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Layer, LaunchPlan } from '#lib/host';
import { missing, World } from './keeper-world.ts';

const reason = missing();

describe.skipIf(reason !== null)(`a device node in a root${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
  });
  afterAll(() => world.dispose());

  /** zero(4), as an image or somebody on the host might have left it. */
  const plant = (root: string) => execFileSync('mknod', ['-m', '666', join(root, 'planted'), 'c', '1', '5']);

  async function expectClosed(plan: LaunchPlan): Promise<void> {
    const keeper = await world.keepers.launch(plan);
    const sh = (script: string) => world.run(keeper, ['sh', '-c', `${script} 2>&1`]);
    const read = 'busybox head -c 1 /planted';
    expect((await sh(read)).output).toMatch(/Permission denied/);
    await sh('mount -o remount,bind,dev /; mount -o remount,dev /');
    expect((await sh(read)).output).toMatch(/Permission denied/);
    await sh('mkdir /again; mount -o bind / /again; mount -o remount,bind,dev /again');
    expect((await sh('busybox head -c 1 /again/planted')).output).toMatch(/Permission denied/);
    expect((await sh(`busybox unshare -m sh -c "mount -o remount,bind,dev /; ${read}"`)).output).toMatch(/Permission denied/);
    // The ones that every instance gets do open.
    expect((await sh('busybox head -c 1 /dev/zero | busybox wc -c')).output.trim()).toBe('1');
    await keeper.kill();
    expect(await world.traces(plan)).toEqual([]);
  }

  it('opens for no guest when the root is a directory', async () => {
    const base = world.plan();
    const root = join(world.root, base.id, 'rootfs');
    mkdirSync(root);
    cpSync(world.image, root, { recursive: true, verbatimSymlinks: true });
    plant(root);
    const [, , ...nodes] = base.layers;
    const layer: Layer = { path: root, idmapped: true, readonly: false, optional: false };
    const mounts = base.mounts.map((step) => (step.op === 'layer' ? { ...step, layer: step.layer - 1 } : step));
    await expectClosed({ ...base, layers: [layer, ...nodes], root: { kind: 'bind', layer: 0 }, mounts });
  });

  it('opens for no guest when the root is an overlay', async () => {
    const plan = world.plan();
    plant(join(world.root, plan.id, 'upper'));
    await expectClosed(plan);
  });
});
