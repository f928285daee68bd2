import { describe, expect, it } from 'vitest';
import type { LaunchPlan } from '../launch-plan.ts';
import { FakeKeepers } from './fake-keepers.ts';

const plan = { id: 'a', name: 'c1' } as LaunchPlan;

describe('FakeKeepers', () => {
  it('keeps the record of an end until it is forgotten', async () => {
    const keepers = new FakeKeepers(() => 5);
    const keeper = await keepers.launch(plan);
    expect(await keepers.survivors()).toEqual([keeper]);
    expect(await keeper.kill()).toEqual({ id: 'a', reason: 'killed', status: 9, endedAt: 5, detail: '' });
    expect(await keepers.survivors()).toEqual([]);
    expect(await keepers.endRecords()).toHaveLength(1);
    await keepers.forgetEndRecord('a');
    expect(await keepers.endRecords()).toEqual([]);
  });

  it('refuses an id that runs, and fails once where it is told to', async () => {
    const keepers = new FakeKeepers();
    await keepers.launch(plan);
    await expect(keepers.launch(plan)).rejects.toMatchObject({ code: 'launch.failed' });
    keepers.failure = { stage: 'mount', syscall: 'fsopen', errno: 'ENODEV', path: '/x' };
    await expect(keepers.launch({ ...plan, id: 'b' })).rejects.toThrow('Failed to start: mount: fsopen /x: ENODEV');
    await expect(keepers.launch({ ...plan, id: 'b' })).resolves.toBeDefined();
  });

  it('ends its commands with the instance, and tells of reboots', async () => {
    const keeper = await new FakeKeepers().launch(plan);
    keeper.execCode = (request) => (request.argv[0] === 'false' ? 1 : new Promise(() => undefined));
    const stdio = { terminal: true as const, columns: 80, rows: 25 };
    const request = { env: [], cwd: '/', uid: 0, gid: 0, stdio };
    expect(await (await keeper.exec({ ...request, argv: ['false'] })).exited).toBe(1);
    const running = await keeper.exec({ ...request, argv: ['sleep'] });
    let reboots = 0;
    keeper.onReboot = (info) => {
      reboots = info.reboots;
    };
    keeper.reboot();
    expect(reboots).toBe(1);
    keeper.finish('poweroff');
    expect(await running.exited).toBe(137);
  });
});
