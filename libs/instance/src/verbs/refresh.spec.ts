import { afterEach, describe, expect, it } from 'vitest';
import { succeeded } from '#lib/engine';
import type { InstanceRow } from '#lib/store';
import { resumesFromEveryStep, run, stepsAreIdempotent } from '../../../engine/src/testing.ts';
import { fingerprint, removeWorlds, World } from '../testing/world.ts';

afterEach(removeWorlds);

const snapshotted = async (made: World, row: InstanceRow, name: string) => {
  made.clock = new Date(Date.parse(made.clock) + 1000).toISOString();
  await succeeded(await made.verbs.snapshot.begin(row, { name, stateful: false, expiresAt: null }));
};

/** `c2`, a copy of `c1` with its snapshot `a`; since then each has taken one `b`, and `c1` has got `c`. */
async function world(running = false, pool = 'default') {
  const made = await World.make();
  await made.store.pools.insert({ name: 'other', driver: 'dir', description: '', config: {} });
  const source = running ? (await made.running('c1')).row : await made.instance('c1');
  await snapshotted(made, source, 'a');
  const request = {
    name: 'c2',
    snapshot: null,
    alone: false,
    description: '',
    architecture: '',
    config: {},
    devices: { root: { type: 'disk', path: '/', pool } },
  };
  await succeeded(await made.verbs.copy.begin(source, { ...request, profiles: null, ephemeral: false, type: '', start: false }));
  const copy = await made.store.instances.get('default', 'c2');
  if (!copy) throw new Error('it was not copied');
  await snapshotted(made, copy, 'b');
  for (const name of ['b', 'c']) await snapshotted(made, source, name);
  return Object.assign(made, { source, copy, params: await made.verbs.refresh.prepare(source, copy, false) });
}
type Refreshing = Awaited<ReturnType<typeof world>>;
const spec = (made: World) => made.operations.refresh;
const taken = async (made: Refreshing, { id }: InstanceRow) =>
  (await made.store.snapshots.list([id])).map(({ name, createdAt }) => [name, createdAt.toISOString()]);

describe('instance.refresh', () => {
  const done = async (made: Refreshing) => {
    expect(await taken(made, made.copy)).toEqual(await taken(made, made.source));
    expect((await taken(made, made.copy)).map(([name]) => name)).toEqual(['a', 'b', 'c']);
    const volumes = await made.store.volumes.snapshots(made.copy.id);
    expect(volumes.map(({ name }) => name)).toEqual(['c2/a', 'c2/b', 'c2/c']);
    expect(await made.store.volumes.snapshots(made.source.id)).toHaveLength(3);
    expect(made.storage.made.size).toBe(8);
    expect(await made.instances.reader.power({ id: made.source.id })).not.toBe('frozen');
  };

  it('is finished, wherever it is cut off', async () => {
    await resumesFromEveryStep(spec, () => world(), done);
    await resumesFromEveryStep(spec, () => world(true), done);
  });
  it('does the same twice as once', () => stepsAreIdempotent(spec, world, done));

  describe('in another pool', () => {
    const across = (running: boolean) => () => world(running, 'other');
    const doneThere = async (made: Refreshing) => {
      await done(made);
      const pool = await made.store.pools.get('other');
      for (const snapshot of await made.store.snapshots.list([made.copy.id])) {
        expect(made.storage.made.get(snapshot.id)).toEqual({ pool: 'other', image: fingerprint });
        expect((await made.store.volumes.byId(snapshot.id))?.poolId).toBe(pool?.id);
        expect(snapshot.devices).toMatchObject({ root: { pool: 'other' } });
      }
    };

    it.each([false, true])('is finished, wherever it is cut off (running: %s)', (running) =>
      resumesFromEveryStep(spec, across(running), doneThere),
    );
    it('does the same twice as once', () => stepsAreIdempotent(spec, across(true), doneThere));

    it('is the same in one pool, where they were made of different images', async () => {
      const made = await world();
      made.storage.made.set(made.copy.id, { pool: 'default', image: null });
      await succeeded(await made.verbs.refresh.begin(made.source, made.copy, false));
      await done(made);
      const roots = [made.copy.id, ...(await made.store.snapshots.list([made.copy.id])).map(({ id }) => id)];
      expect(roots.map((id) => made.storage.made.get(id)?.image)).toEqual(roots.map((_, at) => (at === 1 ? fingerprint : null)));
    });

    it('leaves the copy as it was for who cancels it', async () => {
      const made = await across(true)();
      const before = await taken(made, made.copy);
      const begun = made.verbs.refresh.begin(made.source, made.copy, false);
      made.storage.onCut = async () => made.engine.cancel((await begun).id);
      expect(await (await begun).done).toMatchObject({ status: 'Cancelled' });
      expect(await taken(made, made.copy)).toEqual(before);
      expect(made.storage.made.size).toBe(7);
      expect(await made.instances.reader.power({ id: made.source.id })).toBe('running');
    });
  });

  it('leaves the copy as it was when the source cannot be cut', async () => {
    const made = await world();
    const before = await taken(made, made.copy);
    made.storage.onCut = () => Promise.reject(new Error('no room'));
    expect((await run(spec(made), made)).err).toBe('no room');
    expect(await taken(made, made.copy)).toEqual(before);
    expect(made.storage.made.size).toBe(7);
    expect(await made.store.volumes.snapshots(made.copy.id)).toHaveLength(2);
  });

  it('leaves snapshots alone where it is asked to', async () => {
    const made = await world();
    const before = await taken(made, made.copy);
    await succeeded(await made.verbs.refresh.begin(made.source, made.copy, true));
    expect(await taken(made, made.copy)).toEqual(before);
  });

  it('is refused of itself, and while the copy runs', async () => {
    const made = await world();
    const { refresh } = made.verbs;
    await expect(refresh.begin(made.source, made.source, false)).rejects.toThrow('no copy of itself');
    await expect(refresh.begin(made.source, (await made.running('c3')).row, false)).rejects.toThrow('Instance is running');
  });
});
