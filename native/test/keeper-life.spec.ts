import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing, parentOf, World } from './keeper-world.ts';

const reason = missing();

describe.skipIf(reason !== null)(`a container and its keeper${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
  });
  afterAll(() => world.dispose());

  it('runs an init that is root inside and nobody outside', async () => {
    const plan = world.plan();
    const keeper = await world.keepers.launch(plan);
    expect(await world.run(keeper, ['id', '-u'])).toEqual({ code: 0, output: '0\n' });
    expect(readFileSync(`/proc/${keeper.info.initPid}/status`, 'utf8')).toMatch(/^Uid:\t1000000\t1000000/m);
    expect((await world.run(keeper, ['hostname'])).output).toBe('guest\n');
    const end = await keeper.kill();
    expect(end).toMatchObject({ id: plan.id, reason: 'killed' });
    expect(await world.traces(plan)).toEqual([]);
    expect(existsSync(`/proc/${keeper.info.initPid}`)).toBe(false);
  });

  it('is parented by a keeper that belongs to nobody in this process', async () => {
    const plan = world.plan();
    const keeper = await world.keepers.launch(plan);
    expect(parentOf(parentOf(keeper.info.initPid))).toBe(world.nurseryPid());
    expect(parentOf(world.nurseryPid())).not.toBe(process.pid);
    await keeper.kill();
  });
});
