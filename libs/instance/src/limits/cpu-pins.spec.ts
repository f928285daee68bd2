import { describe, expect, it } from 'vitest';
import { removeWorlds, World } from '../testing/world.ts';
import { afterEach } from 'vitest';
import { changeable } from '../verbs/update.ts';
import { CpuPins } from './cpu-pins.ts';
import { LimitsInForce } from './in-force.ts';

afterEach(removeWorlds);

describe('CpuPins', () => {
  it('gives the least used ones, all where there are not enough', () => {
    const pins = new CpuPins([0, 1, 2, 3]);
    expect(pins.choose('a', 1, [])).toEqual([0]);
    expect(pins.choose('b', 2, [])).toEqual([1, 2]);
    expect(pins.choose('c', 2, [])).toEqual([0, 3]);
    expect(pins.choose('d', 9, [])).toEqual([0, 1, 2, 3]);
  });

  it('leaves who runs where it is, and prefers what it had for who starts again', () => {
    const pins = new CpuPins([0, 1]);
    pins.choose('a', 1, []);
    pins.choose('b', 1, []);
    expect(pins.choose('b', 1, [1])).toEqual([1]);
    pins.forget('a');
    pins.forget('b');
    expect(pins.choose('b', 1, [1])).toEqual([1]);
    expect(pins.choose('a', 1, [1])).toEqual([0]);
  });

  it('knows no CPU that is gone', () => {
    const pins = new CpuPins([0, 1]);
    pins.note('a', [7]);
    expect(pins.choose('a', 1, [7])).toEqual([0]);
  });
});

describe('instances with limits.cpu=1', () => {
  const config = { 'limits.cpu': '1' };
  const cpus = (world: World, id: string) => world.cgroups.limits.get(id)?.cpuset;

  async function two(world: World) {
    for (const name of ['a', 'b']) {
      await world.instance(name, { config });
      const start = await world.instances.state.begin('default', name, { action: 'start', force: false, timeout: 10 });
      expect(await start.done).toMatchObject({ status_code: 200 });
    }
    return [await world.instances.reader.row('default', 'a'), await world.instances.reader.row('default', 'b')] as const;
  }

  it('started in one moment sit on CPUs of their own', async () => {
    const world = await World.make();
    const rows = await Promise.all(['a', 'b', 'c', 'd'].map((name) => world.instance(name, { config })));
    const starts = rows.map((row) => world.instances.state.begin('default', row.name, { action: 'start', force: false, timeout: 10 }));
    for (const start of await Promise.all(starts)) await start.done;
    expect(new Set(rows.map((row) => cpus(world, row.id)))).toEqual(new Set(['0', '1', '2', '3']));
  });

  it('stay on them when something else changes', async () => {
    const world = await World.make();
    const [, b] = await two(world);
    const update = await world.verbs.update.begin(b, { ...changeable(b), description: 'other' });
    expect(await update.done).toMatchObject({ status_code: 200 });
    expect(cpus(world, b.id)).toBe('1');
    expect((await world.row(b.id)).volatile['volatile.cpu.pinned']).toBe('1');
  });

  it('stay on them when the next daemon changes one', async () => {
    const world = await World.make();
    const [, b] = await two(world);
    const next = new LimitsInForce({ ...world.on, expansion: world.instances.expansion });
    await next.apply({ ...b, description: 'other' } as typeof b);
    expect(cpus(world, b.id)).toBe('1');
    const third = await world.instance('c', { config });
    expect((await next.of(third, { config, devices: {} })).limits.cpuset).toBe('2');
  });

  it('that want more keep the record of what they got', async () => {
    const world = await World.make();
    const [, b] = await two(world);
    const update = await world.verbs.update.begin(b, { ...changeable(b), config: { 'limits.cpu': '2' } });
    await update.done;
    expect((await world.row(b.id)).volatile['volatile.cpu.pinned']).toBe('1,2');
    const free = await world.verbs.update.begin(await world.row(b.id), { ...changeable(await world.row(b.id)), config: {} });
    await free.done;
    expect((await world.row(b.id)).volatile['volatile.cpu.pinned']).toBeUndefined();
  });
});
