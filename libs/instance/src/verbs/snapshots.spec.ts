import { afterEach, describe, expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import { resumesFromEveryStep, run, stepsAreIdempotent, unwindsFromEveryStep } from '../../../engine/src/testing.ts';
import { failureOf, fingerprint, removeWorlds, World } from '../testing/world.ts';
import type { SnapshotRequest } from './snapshot.ts';

afterEach(removeWorlds);

const asked = (change: Partial<SnapshotRequest> = {}): SnapshotRequest => ({ name: 's', stateful: false, expiresAt: null, ...change });

async function world(running = false): Promise<World & { id: string }> {
  const made = await World.make();
  const { id } = running ? (await made.running('c1')).row : await made.instance('c1');
  return Object.assign(made, { id });
}

/** With a snapshot `s`, after which the instance got another key and another image below. */
async function changed(running = false) {
  const made = await world(running);
  const taken = await (await made.verbs.snapshot.begin(await made.row(made.id), asked())).done;
  expect(taken).toMatchObject({ status_code: 200 });
  await made.store.instances.update(made.id, { config: { 'user.new': '1' } });
  made.storage.made.set(made.id, { pool: 'default', image: 'other' });
  const snapshot = await made.store.snapshots.get(made.id, 's');
  if (!snapshot) throw new Error('no snapshot');
  return Object.assign(made, { snapshot });
}

describe('snapshot.create', () => {
  const setup = (running: boolean) => async () => {
    const made = await world(running);
    return Object.assign(made, { params: await made.verbs.snapshot.prepare(await made.row(made.id), asked()) });
  };
  const spec = (made: World) => made.operations.snapshot;
  const clean = async (made: World & { id: string }) => {
    expect(await made.store.snapshots.list([made.id])).toEqual([]);
    expect(await made.store.volumes.snapshots(made.id)).toEqual([]);
    expect([...made.storage.made.keys()]).toEqual([made.id]);
    expect(await made.instances.reader.power({ id: made.id })).not.toBe('frozen');
  };

  it('leaves nothing, wherever it is cut off', async () => {
    await unwindsFromEveryStep(spec, setup(false), clean);
    await unwindsFromEveryStep(spec, setup(true), clean);
  });

  it('does the same twice as once', async () => {
    const done = async (made: World & { id: string }) => {
      const [row] = await made.store.snapshots.list([made.id]);
      expect(row).toMatchObject({ name: 's', profiles: ['default'], expiresAt: null });
      expect(made.storage.made.get(row?.id ?? '')).toEqual({ pool: 'default', image: fingerprint });
    };
    await stepsAreIdempotent(spec, setup(false), done, clean);
  });

  it('freezes a running instance for the cut alone', async () => {
    const made = await setup(true)();
    let during = '';
    made.storage.onCut = async () => {
      during = await made.instances.reader.power({ id: made.id });
    };
    expect(await run(spec(made), made)).toMatchObject({ status_code: 200 });
    expect([during, await made.instances.reader.power({ id: made.id })]).toEqual(['frozen', 'running']);
  });

  it('leaves one frozen that was frozen', async () => {
    const made = await setup(true)();
    await made.cgroups.freeze(made.id);
    expect(await run(spec(made), made)).toMatchObject({ status_code: 200 });
    expect(await made.instances.reader.power({ id: made.id })).toBe('frozen');
  });

  it('that fails at the cut lets the instance go on', async () => {
    const made = await setup(true)();
    made.storage.onCut = () => Promise.reject(new Error('no room'));
    expect(await run(spec(made), made)).toMatchObject({ status_code: 400, err: 'no room' });
    await clean(made);
  });

  it('without a name takes the next of the pattern, and keeps to the expiry', async () => {
    const made = await world();
    const take = async () => (await made.verbs.snapshot.begin(await made.row(made.id), asked({ name: '' }))).done;
    await take();
    await take();
    await made.store.instances.update(made.id, {
      config: { 'snapshots.pattern': "d{{ creation_date|date:'060102' }}-%d", 'snapshots.expiry': '1d' },
    });
    await take();
    expect((await made.store.snapshots.list([made.id])).map(({ name, expiresAt }) => [name, expiresAt?.toISOString()])).toEqual(
      expect.arrayContaining([
        ['snap0', undefined],
        ['snap1', undefined],
        ['d260102-0', '2026-01-03T03:04:05.000Z'],
      ]),
    );
    expect(made.actions).toEqual(Array.from({ length: 3 }, () => 'instance-snapshot-created'));
  });

  it('says all that is wrong', async () => {
    const made = await changed();
    const row = await made.row(made.id);
    const problem = async (request: Partial<SnapshotRequest>) =>
      (await failureOf(made.verbs.snapshot.prepare(row, asked(request)))).message;
    expect(await problem({ name: 'a/b', expiresAt: 'soon' })).toBe(
      'Invalid snapshot name: Cannot contain "/"; Invalid expiry date: "soon"',
    );
    expect(await problem({ stateful: true, name: 't' })).toBe("Unable to create a stateful snapshot. The instance isn't running");
    expect(await problem({})).toBe('Snapshot "s" already exists');
  });
});

describe('snapshot.restore', () => {
  const setup = (running: boolean) => async () => {
    const made = await changed(running);
    return Object.assign(made, { params: await made.verbs.restore.prepare(await made.row(made.id), made.snapshot) });
  };
  const spec = (made: World) => made.operations.restore;
  const done = (running: boolean) => async (made: World & { id: string }) => {
    const row = await made.row(made.id);
    expect(row.config).toEqual({});
    expect(row.volatile['volatile.eth0.hwaddr']).toBe('00:16:3e:00:00:01');
    expect(made.storage.made.get(made.id)?.image).toBe(fingerprint);
    expect(made.keepers.running.size).toBe(running ? 1 : 0);
  };

  it('is finished, wherever it is cut off', async () => {
    await resumesFromEveryStep(spec, setup(false), done(false));
    await resumesFromEveryStep(spec, setup(true), done(true));
  });

  it('keeps what a card has by now, and brings back what one had that comes back', async () => {
    const made = await world();
    await (await made.verbs.snapshot.begin(await made.row(made.id), asked())).done;
    const nobody = { 'volatile.eth0.hwaddr': null, 'volatile.eth0.name': null };
    await made.store.instances.update(made.id, { devices: { eth0: { type: 'none' } } }, nobody);
    const row = await made.row(made.id);
    const view = await (await made.verbs.restore.begin(row, await made.instances.reader.snapshotRow(row, 's'))).done;
    expect(view).toMatchObject({ status_code: 200 });
    expect((await made.row(made.id)).volatile['volatile.eth0.hwaddr']).toBe('00:16:3e:00:00:01');
  });

  it('names profiles that are gone before anything stops', async () => {
    const made = await changed(true);
    const gone = { ...made.snapshot, profiles: ['gone'] };
    const failure = await failureOf(made.verbs.restore.begin(await made.row(made.id), gone));
    expect(failure.message).toBe('Requested profile "gone" doesn\'t exist');
    expect(made.keepers.running.size).toBe(1);
  });
});

describe('the rest of a snapshot', () => {
  it('is renamed, changed and deleted', async () => {
    const made = await changed();
    const row = await made.row(made.id);
    await (await made.verbs.snapshotRename.begin(row, made.snapshot, 't')).done;
    expect((await made.store.volumes.snapshots(made.id)).map(({ name }) => name)).toEqual(['c1/t']);
    const renamed = await made.instances.reader.snapshotRow(row, 't');
    await (await made.verbs.snapshotUpdate.begin(row, renamed, '2999-01-01T00:00:00Z')).done;
    expect((await made.instances.reader.snapshotViews(row))[0]).toMatchObject({ name: 't', expires_at: '2999-01-01T00:00:00.000Z' });
    await (await made.verbs.snapshotDelete.begin(row, renamed)).done;
    expect(await made.store.snapshots.list([made.id])).toEqual([]);
    expect([...made.storage.made.keys()]).toEqual([made.id]);
    expect(made.actions.slice(1)).toEqual(['instance-snapshot-renamed', 'instance-snapshot-updated', 'instance-snapshot-deleted']);
  });

  it('follows its instance to another name, and to its end', async () => {
    const made = await changed();
    await (await made.verbs.rename.begin(await made.row(made.id), 'c2')).done;
    expect((await made.store.volumes.snapshots(made.id)).map(({ name }) => name)).toEqual(['c2/s']);
    expect(await (await made.verbs.delete.begin(await made.row(made.id))).done).toMatchObject({ status_code: 200 });
    expect(made.storage.made.size).toBe(0);
    expect(await made.store.volumes.byId(made.snapshot.id)).toBeNull();
  });

  it('is not given a name that another has', async () => {
    const made = await changed();
    const row = await made.row(made.id);
    await (await made.verbs.snapshot.begin(row, asked({ name: 't' }))).done;
    expect((await failureOf(made.verbs.snapshotRename.begin(row, made.snapshot, 't'))).message).toBe('Name "c1/t" already in use');
  });
});

describe('snapshots whose time is over', () => {
  it('go, the others stay, and those of a busy instance wait', async () => {
    const made = await world(true);
    const take = async (name: string, expiresAt: string | null) =>
      (await made.verbs.snapshot.begin(await made.row(made.id), asked({ name, expiresAt }))).done;
    await take('over', '2026-01-02T03:04:05Z');
    await take('later', '2026-01-02T03:04:06Z');
    await take('never', null);
    const names = async () => (await made.store.snapshots.list([made.id])).map(({ name }) => name).sort();
    const { freeze } = made.cgroups;
    const held = new Deferred<void>();
    made.cgroups.freeze = () => held.promise;
    const freezing = await made.verbs.freeze.begin(await made.row(made.id), {
      force: false,
      timeout: 10,
      requestor: undefined,
      power: 'running',
    });
    made.cgroups.freeze = freeze;
    await made.instances.sweeps.sweep();
    expect(await names()).toEqual(['later', 'never', 'over']);
    held.resolve();
    await freezing.done;
    await made.instances.sweeps.sweep();
    expect(await names()).toEqual(['later', 'never']);
    expect(await made.store.volumes.snapshots(made.id)).toHaveLength(2);
    expect(made.problems).toEqual([]);
  });
});
