import { afterEach, describe, expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import { Sweeps } from '#lib/engine';
import { unwindsFromEveryStep } from '../../../engine/src/testing.ts';
import { removeWorlds, World } from '../testing/world.ts';
import { scheduledKey } from '../volatile.ts';
import { scheduledSnapshots } from './scheduled.ts';

afterEach(removeWorlds);

const every5 = { 'snapshots.schedule': '*/5 * * * *' };

/** One that runs, with a schedule, at a time at which nothing is due. */
async function world(config: Record<string, string> = every5, running = true) {
  const made = await World.make();
  made.clock = '2026-01-02T03:10:30Z';
  const createdAt = new Date(made.clock);
  const { id } = running ? (await made.running('c1', { config, createdAt })).row : await made.instance('c1', { config, createdAt });
  const at = async (clock: string, sweeps: { sweep(): Promise<void> } = made.instances.sweeps) => {
    made.clock = clock;
    await sweeps.sweep();
    return (await made.store.snapshots.list([id])).length;
  };
  /** What a daemon has that starts now. */
  const restarted = () => {
    const on = { ...made.on, expansion: made.instances.expansion };
    return new Sweeps([scheduledSnapshots(made.verbs.snapshot, on)], on);
  };
  expect(await at('2026-01-02T03:11:00Z')).toBe(1);
  return Object.assign(made, { id, at, restarted });
}

describe('scheduled snapshots', () => {
  it('are taken once in each minute that they are due in', async () => {
    const { at, store, id, problems } = await world();
    expect(await at('2026-01-02T03:14:59.999Z')).toBe(1);
    expect(await at('2026-01-02T03:15:00Z')).toBe(2);
    expect(await at('2026-01-02T03:15:59Z')).toBe(2);
    expect(await at('2026-01-02T03:16:00Z')).toBe(2);
    expect(await at('2026-01-02T03:20:01Z')).toBe(3);
    expect((await store.snapshots.list([id])).map(({ name }) => name)).toEqual(['snap0', 'snap1', 'snap2']);
    expect(problems).toEqual([]);
  });

  it('take their name and their end from the pattern and the expiry', async () => {
    const { at, store, id } = await world({ ...every5, 'snapshots.pattern': 'auto%d', 'snapshots.expiry': '1H' });
    await at('2026-01-02T03:15:02Z');
    expect(await store.snapshots.list([id])).toMatchObject([
      { name: 'auto0' },
      { name: 'auto1', expiresAt: new Date('2026-01-02T04:15:02Z') },
    ]);
    expect(await at('2026-01-02T04:16:00Z')).toBe(1);
  });

  it('are not forgotten by a look that comes late, nor taken many times for it', async () => {
    const { at } = await world();
    expect(await at('2026-01-02T03:16:10Z')).toBe(2);
    expect(await at('2026-01-02T03:59:00Z')).toBe(3);
  });

  it('are neither doubled nor forgotten by a restart of the daemon', async () => {
    const { at, restarted } = await world();
    expect(await at('2026-01-02T03:15:05Z')).toBe(2);
    expect(await at('2026-01-02T03:15:40Z', restarted())).toBe(2);
    expect(await at('2026-01-02T03:21:40Z', restarted())).toBe(3);
    // Long off: as cron, it begins where it is.
    expect(await at('2026-01-02T05:56:40Z', restarted())).toBe(4);
    expect(await at('2026-01-02T08:04:00Z', restarted())).toBe(5);
  });

  it('are not taken again when the clock is put back, and go on when it was wrong for long', async () => {
    const { at } = await world();
    expect(await at('2026-01-02T04:00:00Z')).toBe(2);
    expect(await at('2026-01-02T03:15:00Z')).toBe(2);
    expect(await at('2026-01-02T04:05:00Z')).toBe(3);
    expect(await at('2025-01-02T03:15:00Z')).toBe(3);
    expect(await at('2026-01-03T03:15:00Z')).toBe(4);
    expect(await at('2026-01-02T03:16:00Z')).toBe(4);
    expect(await at('2026-01-02T03:20:00Z')).toBe(5);
  });

  it('wait for what else is done with the instance', async () => {
    const { at, verbs, cgroups, row, id, store } = await world();
    const made = { verbs, cgroups };
    const { freeze } = made.cgroups;
    const held = new Deferred<void>();
    made.cgroups.freeze = () => held.promise;
    const asked = { force: false, timeout: 10, requestor: undefined, power: 'running' as const };
    const freezing = await verbs.freeze.begin(await store.instances.byId(id).then((found) => found ?? Promise.reject(row)), asked);
    made.cgroups.freeze = freeze;
    expect(await at('2026-01-02T03:15:00Z')).toBe(1);
    held.resolve();
    await freezing.done;
    expect(await at('2026-01-02T03:16:00Z')).toBe(2);
    expect(await at('2026-01-02T03:17:00Z')).toBe(2);
  });

  it('are taken once by two looks at once', async () => {
    const made = await world();
    made.clock = '2026-01-02T03:15:00Z';
    await Promise.all([made.instances.sweeps.sweep(), made.instances.sweeps.sweep()]);
    expect(await made.at('2026-01-02T03:15:01Z')).toBe(2);
  });

  it('are those of instances that run, unless the schedule is for stopped ones too', async () => {
    const made = await World.make();
    const createdAt = new Date(made.clock);
    const still = await made.instance('still', { config: every5, createdAt });
    const too = await made.instance('too', { config: { ...every5, 'snapshots.schedule.stopped': 'true' }, createdAt });
    const never = await made.instance('never', { config: { 'snapshots.schedule': '@never', 'snapshots.schedule.stopped': 'true' } });
    made.clock = '2026-01-02T03:05:00Z';
    await made.instances.sweeps.sweep();
    expect((await made.store.snapshots.list([still.id, too.id, never.id])).map(({ instanceId }) => instanceId)).toEqual([too.id]);
  });

  it('that cannot be taken are told, and the next is', async () => {
    const made = await world();
    made.storage.onCut = () => Promise.reject(new Error('no room'));
    expect(await made.at('2026-01-02T03:15:00Z')).toBe(1);
    expect(made.problems).toEqual(['taking the scheduled snapshot of c1: Error: no room']);
    made.storage.onCut = async () => {};
    expect(await made.at('2026-01-02T03:16:00Z')).toBe(1);
    expect(await made.at('2026-01-02T03:20:00Z')).toBe(2);
  });

  it('leave the minute open, wherever they are cut off', async () => {
    const setup = async () => {
      const made = await world();
      const params = await made.verbs.snapshot.prepare(await made.row(made.id), { name: '', stateful: false, expiresAt: null });
      const before = (await made.row(made.id)).volatile[scheduledKey] ?? null;
      return Object.assign(made, { params: { ...params, scheduled: { minute: '2026-01-02T03:15:00.000Z', before } } });
    };
    await unwindsFromEveryStep(
      (made: World) => made.operations.snapshot,
      setup,
      async (made) => expect((await made.row(made.id)).volatile[scheduledKey]).toBe('2026-01-02T03:10:00.000Z'),
    );
  });

  it('come before each start that is asked for, where the schedule says so', async () => {
    const made = await World.make();
    const { id } = await made.instance('c1', { config: { 'snapshots.schedule': '@startup' } });
    const ask = async (action: string) => (await made.instances.state.begin('default', 'c1', { action, force: true, timeout: 1 })).done;
    const count = async () => (await made.store.snapshots.list([id])).length;
    expect(await ask('start')).toMatchObject({ status_code: 200 });
    expect(await count()).toBe(1);
    await expect(ask('start')).rejects.toThrow('already running');
    await ask('freeze');
    await ask('start');
    expect(await count()).toBe(1);
    expect(await ask('restart')).toMatchObject({ status_code: 200 });
    await ask('stop');
    expect(await count()).toBe(2);
    made.storage.onCut = () => Promise.reject(new Error('no room'));
    await expect(ask('start')).rejects.toThrow('no room');
    expect(made.keepers.running.size).toBe(0);
  });
});
