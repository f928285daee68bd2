import { afterEach, describe, expect, it } from 'vitest';
import { succeeded } from '#lib/engine';
import { resumesFromEveryStep, run, stepsAreIdempotent } from '../../../engine/src/testing.ts';
import { removeWorlds, World } from '../testing/world.ts';

afterEach(removeWorlds);

/** `c1` with a snapshot, and a pool `other`. */
async function world() {
  const made = await World.make();
  const row = await made.instance('c1');
  await succeeded(await made.verbs.snapshot.begin(row, { name: 's', stateful: false, expiresAt: null }));
  await made.store.pools.insert({ name: 'other', driver: 'dir', description: '', config: {} });
  return Object.assign(made, { first: row, params: await made.verbs.move.prepare(row, 'other') });
}
type Moving = Awaited<ReturnType<typeof world>>;
const spec = (made: World) => made.operations.move;
const root = (pool: string) => ({ root: { type: 'disk', path: '/', pool } });

async function whereabouts(made: Moving) {
  const { devices } = await made.store.instances.byId(made.first.id).then((row) => row ?? made.first);
  const [snapshot] = await made.store.snapshots.list([made.first.id]);
  const volumes = await Promise.all([made.first.id, snapshot?.id ?? ''].map((id) => made.store.volumes.byId(id)));
  const pools = await made.store.pools.list();
  return {
    devices: [devices, snapshot?.devices],
    pools: volumes.map((volume) => pools.find(({ id }) => id === volume?.poolId)?.name),
    roots: [...made.storage.made.values()].map(({ pool }) => pool),
    links: [...made.storage.links.keys()],
    away: made.storage.away.size,
  };
}
const there = {
  devices: [root('other'), root('other')],
  pools: ['other', 'other'],
  roots: ['other', 'other'],
  links: ['other/c1'],
  away: 0,
};
const here = { devices: [{}, {}], pools: ['default', 'default'], roots: ['default', 'default'], links: ['default/c1'], away: 0 };

describe('instance.move', () => {
  const done = async (made: Moving) => expect(await whereabouts(made)).toEqual(there);

  it('is finished, wherever it is cut off', () => resumesFromEveryStep(spec, world, done));
  it('does the same twice as once', () => stepsAreIdempotent(spec, world, done));

  it('leaves it where it was when that fails', async () => {
    const made = await world();
    made.storage.moves.settle = () => Promise.reject(new Error('no room'));
    expect((await run(spec(made), made)).err).toBe('no room');
    expect(await whereabouts(made)).toEqual(here);
  });

  it('can be cancelled until it is there', async () => {
    const made = await world();
    const { copy, clear } = made.storage.moves;
    const cancelled = async () => made.engine.cancel(made.engine.list(null).find(({ kind }) => kind === 'instance.move')?.id ?? '');
    made.storage.moves.copy = async (...args) => {
      await copy(...args);
      await cancelled();
    };
    expect(await (await made.verbs.move.begin(made.first, 'other')).done).toMatchObject({ status: 'Cancelled' });
    expect(await whereabouts(made)).toEqual(here);
    made.storage.moves.copy = copy;
    const late: unknown[] = [];
    made.storage.moves.clear = async (...args) => {
      await cancelled().catch((error: unknown) => late.push(error));
      await clear(...args);
    };
    expect(await (await made.verbs.move.begin(made.first, 'other')).done).toMatchObject({ status: 'Success', may_cancel: false });
    expect(late).toEqual([expect.objectContaining({ code: 'operation.not_cancellable' })]);
    expect(await whereabouts(made)).toEqual(there);
  });

  it('goes back, and needs no root disk of its own there', async () => {
    const made = await world();
    await succeeded(await made.verbs.move.begin(made.first, 'other'));
    expect(await whereabouts(made)).toEqual(there);
    await succeeded(
      await made.verbs.move.begin(await made.store.instances.byId(made.first.id).then((row) => row ?? made.first), 'default'),
    );
    expect(await whereabouts(made)).toEqual({ ...here, devices: [root('default'), root('default')] });
    expect(made.problems).toEqual([]);
  });

  it('is refused where it is already, into no pool, and while it runs', async () => {
    const made = await world();
    await expect(made.verbs.move.begin(made.first, 'default')).rejects.toThrow('is in the storage pool "default" already');
    await expect(made.verbs.move.begin(made.first, 'gone')).rejects.toThrow('Storage pool not found');
    const { row } = await made.running('c2');
    await expect(made.verbs.move.begin(row, 'other')).rejects.toThrow('Instance is running');
  });
});
