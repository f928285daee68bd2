import { afterEach, describe, expect, it } from 'vitest';
import { run, stepsAreIdempotent, unwindsFromEveryStep } from '../../../engine/src/testing.ts';
import { bareRequest } from '../testing/requests.ts';
import { failureOf, fingerprint, removeWorlds, World } from '../testing/world.ts';
import type { CopyRequest } from './copy.ts';

afterEach(removeWorlds);

const asked = (change: Partial<CopyRequest> = {}): CopyRequest => ({
  ...bareRequest,
  name: 'c2',
  snapshot: null,
  alone: false,
  ...change,
});

async function world(running: boolean, request: CopyRequest, on: World | null = null) {
  const made = on ?? (await World.make());
  const { id } = running
    ? (await made.running('c1', { config: { 'user.a': '1' } })).row
    : await made.instance('c1', { config: { 'user.a': '1' } });
  const row = await made.row(id);
  const { files } = made.instances.metadata;
  await files.write(row, { ...(await files.read(row)), properties: { os: 'busybox' } });
  await files.writeTemplate(row, 'hello.tpl', 'hello');
  await (await made.verbs.snapshot.begin(row, { name: 's', stateful: false, expiresAt: null })).done;
  return Object.assign(made, { id, params: await made.verbs.copy.prepare(row, request) });
}
type Copying = Awaited<ReturnType<typeof world>>;
const spec = (made: World) => made.operations.copy;

describe('instance.copy', () => {
  const clean = async (made: Copying) => {
    expect((await made.store.instances.list(null)).map(({ name }) => name)).toEqual(['c1']);
    expect(made.storage.made.size).toBe(2);
    expect([...made.storage.links.keys()]).toEqual(['default/c1']);
    expect((await made.store.volumes.list((await made.store.pools.get('default'))?.id ?? '')).length).toBe(2);
    expect(await made.instances.reader.power({ id: made.id })).not.toBe('frozen');
  };
  const done = async (made: Copying) => {
    const row = await made.row(made.params.id);
    expect(row).toMatchObject({ name: 'c2', config: { 'user.a': '1' }, profiles: ['default'] });
    expect(row.volatile).toMatchObject({ 'volatile.base_image': fingerprint, 'volatile.uuid': row.id });
    expect(row.volatile['volatile.eth0.hwaddr']).not.toBe('00:16:3e:00:00:01');
    const [snapshot] = await made.store.snapshots.list([row.id]);
    expect(snapshot?.name).toBe('s');
    expect(snapshot?.volatile['volatile.eth0.hwaddr']).toBeUndefined();
    expect(made.storage.made.size).toBe(4);
    const { files } = made.instances.metadata;
    expect((await files.read(row)).properties).toEqual({ os: 'busybox' });
    expect(await files.template(row, 'hello.tpl')).toBe('hello');
    expect((await made.store.volumes.snapshots(row.id)).map(({ name }) => name)).toEqual(['c2/s']);
  };

  it('leaves nothing, wherever it is cut off', async () => {
    await unwindsFromEveryStep(spec, () => world(false, asked()), clean);
    await unwindsFromEveryStep(spec, () => world(true, asked({ start: true })), clean);
  });

  it('does the same twice as once', async () => {
    await stepsAreIdempotent(spec, () => world(false, asked()), done, clean);
  });

  it('of a snapshot is what that was, without any of its own', async () => {
    const made = await world(false, asked());
    await made.store.instances.update(made.id, { config: { 'user.a': '2' } });
    const request = asked({ name: 'c3', snapshot: 's', config: { 'user.b': '3', 'volatile.base_image': 'x' }, ephemeral: true });
    const params = await made.verbs.copy.prepare(await made.row(made.id), request);
    expect(await run(spec(made), Object.assign(made, { params }))).toMatchObject({ status_code: 200 });
    expect(await made.row(params.id)).toMatchObject({ config: { 'user.a': '1', 'user.b': '3' }, ephemeral: true });
    expect(await made.store.snapshots.list([params.id])).toEqual([]);
  });

  describe('to another pool', () => {
    const elsewhere = { devices: { root: { type: 'disk', path: '/', pool: 'other' } } };
    const across = async (running: boolean) => {
      const made = await World.make();
      await made.store.pools.insert({ name: 'other', driver: 'dir', description: '', config: {} });
      return world(running, asked(elsewhere), made);
    };

    it.each([false, true])('leaves nothing, wherever it is cut off (running: %s)', (running) =>
      unwindsFromEveryStep(spec, () => across(running), clean),
    );

    it.each([false, true])('is like there, and so are its snapshots (running: %s)', async (running) => {
      const made = await across(running);
      const frozen: string[] = [];
      made.storage.onCut = async () => void frozen.push(await made.instances.reader.power({ id: made.id }));
      expect(await run(spec(made), made)).toMatchObject({ status_code: 200, metadata: { fs_progress: expect.stringMatching(/MB/) } });
      expect(frozen).toEqual(running ? ['running', 'frozen'] : ['stopped', 'stopped']);
      expect(await made.instances.reader.power({ id: made.id })).toBe(running ? 'running' : 'stopped');
      await done(made);
      const { id } = made.params;
      const [snapshot] = await made.store.snapshots.list([id]);
      expect(snapshot?.devices).toEqual(elsewhere.devices);
      const of = [id, snapshot?.id ?? ''];
      expect(of.map((each) => made.storage.made.get(each))).toEqual(of.map(() => ({ pool: 'other', image: fingerprint })));
      const poolIds = await Promise.all(of.map(async (each) => (await made.store.volumes.byId(each))?.poolId));
      expect(new Set(poolIds)).toEqual(new Set([(await made.store.pools.get('other'))?.id]));
    });

    it('is ended by who cancels it, and the source goes on', async () => {
      const made = await across(true);
      const begun = made.verbs.copy.begin(await made.row(made.id), asked({ ...elsewhere, name: 'c2' }));
      made.storage.onCut = async () => made.engine.cancel((await begun).id);
      expect(await (await begun).done).toMatchObject({ status: 'Cancelled' });
      await clean(made);
    });
  });

  it('refuses what is not there, and what is taken', async () => {
    const made = await world(false, asked());
    const row = await made.row(made.id);
    const failure = async (request: Partial<CopyRequest>) => (await failureOf(made.verbs.copy.prepare(row, asked(request)))).message;
    expect(await failure({ snapshot: 'none' })).toBe('Instance snapshot not found');
    expect(await failure({ name: 'c1' })).toBe('Instance "c1" already exists');
  });
});
