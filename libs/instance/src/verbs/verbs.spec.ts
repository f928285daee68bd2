import { sampleOperation } from '../../../store/src/fake/index.ts';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import { OperationEngine } from '#lib/engine';
import { resumesFromEveryStep, run, stepsAreIdempotent, unwindsFromEveryStep } from '../../../engine/src/testing.ts';
import { fingerprint, removeWorlds, World } from '../testing/world.ts';
import type { CreateParams } from './create.ts';
import type { RemoveParams } from '../steps/remove.ts';
import { changeable, type UpdateParams } from './update.ts';

afterEach(removeWorlds);

/** A world with the parameters of an operation. */
async function ready<P>(params: (world: World) => Promise<P>): Promise<World & { params: P }> {
  const world = await World.make();
  return Object.assign(world, { params: await params(world) });
}

describe('instance.create', () => {
  const setup = (start: boolean) => () =>
    ready((world) =>
      world.verbs.create.prepare('default', {
        name: 'c1',
        description: '',
        architecture: '',
        config: { 'user.note': 'mine' },
        devices: {},
        profiles: null,
        ephemeral: false,
        type: 'container',
        source: { type: 'image', alias: 'img' },
        start,
      }),
    );
  const spec = (world: World) => world.operations.create;
  const clean = async (world: World & { params: CreateParams }) => {
    expect(await world.store.instances.list(null)).toEqual([]);
    const pool = await world.store.pools.get('default');
    expect(await world.store.volumes.list(pool?.id ?? '')).toEqual([]);
    expect([...world.storage.links.keys()]).toEqual([]);
    expect([...world.keepers.running.keys()]).toEqual([]);
    expect([...world.networks.attached.keys()]).toEqual([]);
    expect(existsSync(join(world.logsDir, 'c1'))).toBe(false);
  };
  const done = (start: boolean) => async (world: World & { params: CreateParams }) => {
    const row = await world.row(world.params.id);
    expect(row).toMatchObject({ name: 'c1', power: start ? 'running' : 'stopped', config: { 'user.note': 'mine', 'image.os': 'Fake' } });
    expect(world.storage.imageOf('default', 'c1')).toBe(fingerprint);
    expect(world.keepers.running.size).toBe(start ? 1 : 0);
    if (start) expect(row.volatile['volatile.eth0.host_name']).toMatch(/^veth/);
  };

  it('leaves nothing, wherever it is cut off', async () => {
    await unwindsFromEveryStep(spec, setup(true), clean);
    await unwindsFromEveryStep(spec, setup(false), clean);
  });

  it('does the same twice as once', async () => {
    await stepsAreIdempotent(spec, setup(false), done(false), clean);
  });

  it('started, runs', async () => {
    const world = await setup(true)();
    expect(await run(spec(world), world)).toMatchObject({ status_code: 200 });
    await done(true)(world);
  });

  it('undone after somebody else has made the name anew leaves that one alone', async () => {
    const world = await setup(false)();
    const { params } = world;
    const other = await world.instance('c1');
    const [, root] = world.operations.create.steps;
    await world.instances.logFiles.prepare(other);
    await root?.undo?.({ params, state: {}, project: 'default' } as never);
    expect(world.storage.links.get('default/c1')).toBe(other.id);
    expect(existsSync(join(world.logsDir, 'c1'))).toBe(true);
    expect((await world.row(other.id)).name).toBe('c1');
  });

  it('that finds the name taken leaves the other one alone', async () => {
    const world = await setup(false)();
    const other = await world.instance('c1');
    await expect(run(spec(world), world)).rejects.toThrow('already exists');
    expect((await world.store.instances.list(null)).map((row) => row.id)).toEqual([other.id]);
    expect(world.storage.imageOf('default', 'c1')).toBe(fingerprint);
  });
});

describe('instance.start', () => {
  const setup = () => ready(async (world) => ({ id: (await world.instance('c1')).id, name: 'c1' }));
  const spec = (world: World) => world.operations.start;
  const clean = async (world: World & { params: { id: string } }) => {
    expect(world.keepers.running.size).toBe(0);
    expect(world.networks.attached.size).toBe(0);
    const row = await world.row(world.params.id);
    expect(row.power).toBe('stopped');
    expect(row.volatile['volatile.eth0.host_name']).toBeUndefined();
  };

  it('takes down what was up, wherever it is cut off', async () => {
    await unwindsFromEveryStep(spec, setup, clean);
  });

  it('launches with the plan of its row, and says so in it', async () => {
    const world = await setup();
    expect(await run(spec(world), world)).toMatchObject({ status_code: 200 });
    const row = await world.row(world.params.id);
    expect(row).toMatchObject({ power: 'running', lastUsedAt: new Date('2026-01-02T03:04:05Z') });
    const [plan] = world.keepers.plans;
    expect(plan?.links).toMatchObject([
      { name: 'eth0', bridge: 'br', mac: '00:16:3e:00:00:01', hostName: row.volatile['volatile.eth0.host_name'] },
    ]);
    expect([...world.networks.attached.values()]).toEqual(['c1']);
  });

  it('makes a MAC address and a name for a nic that has none, and stores them', async () => {
    const world = await ready(async (made) => ({ id: (await made.instance('c1', { volatile: {} })).id, name: 'c1' }));
    expect(await run(spec(world), world)).toMatchObject({ status_code: 200 });
    const { volatile } = await world.row(world.params.id);
    expect(volatile['volatile.eth0.name']).toBe('eth0');
    expect(world.keepers.plans[0]?.links).toMatchObject([{ name: 'eth0', mac: volatile['volatile.eth0.hwaddr'] }]);
  });

  it('of one that runs fails, and leaves it running', async () => {
    const world = await ready(async (made) => ({ id: (await made.running('c1')).row.id, name: 'c1' }));
    expect(await run(spec(world), world)).toMatchObject({ status_code: 400, err: 'The instance is already running' });
    expect(world.keepers.running.size).toBe(1);
    expect((await world.row(world.params.id)).power).toBe('running');
  });

  it('left over by a daemon that died does not take down what ran before it began', async () => {
    const world = await ready(async (made) => ({ id: (await made.running('c1')).row.id, name: 'c1' }));
    const at = new Date(Date.now() + 60_000);
    await world.store.operations.insert(
      sampleOperation({ params: world.params, begun: ['launch'], finished: [], createdAt: at, updatedAt: at }),
    );
    const engine = new OperationEngine({ store: world.store, report: () => {} });
    engine.register(spec(world));
    await engine.recover();
    expect(world.keepers.running.size).toBe(1);
    expect((await world.row(world.params.id)).power).toBe('running');
    await engine.shutdown(0);
  });

  it('that the host refuses names the stage', async () => {
    const world = await setup();
    world.keepers.failure = { stage: 'root', syscall: 'mount', errno: 'EINVAL', path: '/x' };
    expect((await run(spec(world), world)).err).toBe('Failed to start: root: mount /x: EINVAL');
    await clean(world);
  });

  it('of one that is protected from it fails and leaves nothing', async () => {
    const protectedOne = { config: { 'security.protection.start': 'true' } };
    const world = await ready(async (made) => ({ id: (await made.instance('c1', protectedOne)).id, name: 'c1' }));
    expect((await run(spec(world), world)).err).toBe('Instance is protected from being started (security.protection.start)');
    await clean(world);
  });

  it('without its network fails and leaves nothing', async () => {
    const world = await setup();
    world.networks.down.add('br');
    expect((await run(spec(world), world)).err).toContain('br');
    await clean(world);
  });
});

describe('instance.stop', () => {
  const setup = (params: { force: boolean; timeout: number }, frozen = false) =>
    ready(async (world) => {
      const { row, keeper } = await world.running('c1', { config: { 'image.lxctl.halt_signal': 'SIGUSR2' } });
      keeper.onSignal = (signal) => void (signal === constants.signals.SIGUSR2 && keeper.finish('poweroff'));
      if (frozen) world.cgroups.frozenIds.add(row.id);
      return { id: row.id, name: 'c1', remove: null, ...params };
    });
  const spec = (world: World) => world.operations.stop;
  const done = async (world: World & { params: { id: string } }) => {
    expect(world.keepers.running.size).toBe(0);
    expect(world.keepers.records.size).toBe(0);
    expect(world.networks.attached.size).toBe(0);
    const row = await world.row(world.params.id);
    expect(row).toMatchObject({ power: 'stopped', volatile: { 'volatile.last_state.power': 'STOPPED' } });
    expect(row.volatile['volatile.eth0.host_name']).toBeUndefined();
  };

  it('is finished by the next daemon, wherever it is cut off', async () => {
    await resumesFromEveryStep(spec, () => setup({ force: true, timeout: 0 }), done);
    await resumesFromEveryStep(spec, () => setup({ force: false, timeout: 5 }), done);
    await stepsAreIdempotent(spec, () => setup({ force: false, timeout: -1 }), done);
  });

  it('takes an ephemeral instance with it, wherever it is cut off', async () => {
    const ephemeral = () =>
      ready(async (world) => {
        const { row } = await world.running('c1', { ephemeral: true });
        return { id: row.id, name: 'c1', force: true, timeout: 0, remove: { id: row.id, project: row.project, name: 'c1' } };
      });
    await resumesFromEveryStep(spec, ephemeral, async (world) => {
      expect(world.keepers.running.size).toBe(0);
      expect(await world.store.instances.list(null)).toEqual([]);
    });
  });

  it('of an ephemeral instance whose name is another’s by now leaves that one alone', async () => {
    const world = await World.make();
    const { row } = await world.running('c1', { ephemeral: true });
    const remove = { id: row.id, project: 'default', name: 'c1' };
    await world.store.tx(async (writes) => {
      await writes.instances.update(row.id, { name: 'old' });
      await world.storage.roots.rename(writes, row.id, 'old');
    });
    const other = await world.instance('c1');
    const params = { id: row.id, name: 'c1', force: true, timeout: 0, remove };
    expect(await run(world.operations.stop, { store: world.store, params })).toMatchObject({ status_code: 200 });
    expect((await world.store.instances.list(null)).map(({ id }) => id)).toEqual([other.id]);
    expect([...world.storage.made.keys()]).toEqual([other.id]);
    expect(world.storage.links.get('default/c1')).toBe(other.id);
  });

  it('asks the guest by its own signal and waits for ever with -1, also when it is frozen', async () => {
    const world = await setup({ force: false, timeout: -1 }, true);
    expect(await run(spec(world), world)).toMatchObject({ status_code: 200 });
    expect(world.cgroups.frozenIds.size).toBe(0);
    await done(world);
  });

  it('of a guest that does not end fails, and it goes on', async () => {
    const world = await setup({ force: false, timeout: 0.05 });
    const keeper = world.keeper(world.params.id);
    keeper.onSignal = () => {};
    expect((await run(spec(world), world)).err).toContain('Failed shutting down instance');
    expect(world.keepers.running.size).toBe(1);
    expect((await world.row(world.params.id)).power).toBe('running');
  });

  it('asks an init again that did not heed the signal yet', async () => {
    const world = await setup({ force: false, timeout: 5 });
    const keeper = world.keeper(world.params.id);
    let asked = 0;
    keeper.onSignal = () => void (++asked === 3 && keeper.finish('poweroff'));
    expect(await run(spec(world), world)).toMatchObject({ status_code: 200 });
    expect(asked).toBe(3);
  });

  it('of one that ends by itself in the same moment succeeds', async () => {
    const world = await setup({ force: false, timeout: 5 });
    const keeper = world.keeper(world.params.id);
    keeper.signal = async () => {
      keeper.finish('poweroff');
      throw Object.assign(new Error('the keeper is gone'), { code: 'ECONNRESET' });
    };
    expect(await run(spec(world), world)).toMatchObject({ status_code: 200 });
    await done(world);
  });

  it('takes down what was attached, whatever the profiles say by then', async () => {
    const world = await setup({ force: true, timeout: 0 });
    const profile = await world.store.profiles.get('default', 'default');
    const { root = {}, eth0 = {} } = profile?.devices ?? {};
    await world.store.profiles.update(profile?.id ?? '', { devices: { root, eth7: eth0 } });
    expect(await run(spec(world), world)).toMatchObject({ status_code: 200 });
    const row = await world.row(world.params.id);
    expect(row.attached).toEqual([]);
    expect(Object.keys(row.volatile).filter((key) => key.endsWith('host_name'))).toEqual([]);
    expect(world.networks.attached.size).toBe(0);
  });

  it('succeeds when its network cannot forget it', async () => {
    const world = await setup({ force: true, timeout: 0 });
    world.networks.detach = async () => {
      throw new Error('no space left');
    };
    expect(await run(spec(world), world)).toMatchObject({ status_code: 200 });
    expect((await world.row(world.params.id)).power).toBe('stopped');
    expect(world.problems).toEqual([expect.stringContaining('detaching eth0 of c1')]);
  });
});

describe('instance.restart', () => {
  const setup = (frozen = false) =>
    ready(async (world) => {
      const { row } = await world.running('c1');
      if (frozen) world.cgroups.frozenIds.add(row.id);
      world.keepers.plans.splice(0);
      const attached = [{ ...(row.attached[0] as (typeof row.attached)[number]), hostName: 'vethdrawn' }];
      return { id: row.id, name: 'c1', force: true, timeout: 0, chosen: { attached, volatile: {} } };
    });
  const spec = (world: World) => world.operations.restart;
  const done = async (world: World & { params: { id: string } }) => {
    expect(world.keepers.running.size).toBe(1);
    expect(world.keepers.plans).toHaveLength(1);
    const row = await world.row(world.params.id);
    expect(row.power).toBe('running');
    // Also when the daemon that launched it did not live to write it down.
    expect(row.volatile).toMatchObject({ 'volatile.eth0.host_name': 'vethdrawn', 'volatile.last_state.power': 'RUNNING' });
    expect(world.keepers.plans[0]?.links).toMatchObject([{ hostName: 'vethdrawn' }]);
  };

  it('ends with a running instance, wherever it is cut off', async () => {
    await resumesFromEveryStep(spec, setup, done);
    await stepsAreIdempotent(spec, setup, done);
  });

  it('lets a frozen one go on', async () => {
    const world = await setup(true);
    await run(spec(world), { store: world.store, params: { ...world.params, force: false, timeout: 0.01 } });
    expect(world.cgroups.frozenIds.size).toBe(0);
  });

  it('that cannot start again leaves it stopped, and clean', async () => {
    const world = await setup();
    world.keepers.failure = { stage: 'exec', syscall: 'execve', errno: 'ENOENT', path: '/sbin/init' };
    expect((await run(spec(world), world)).err).toContain('/sbin/init');
    expect(await world.row(world.params.id)).toMatchObject({ power: 'stopped', volatile: { 'volatile.last_state.power': 'STOPPED' } });
    expect(world.networks.attached.size).toBe(0);
  });
});

describe('instance.freeze and instance.unfreeze', () => {
  const asked = { force: false, timeout: 10, requestor: undefined };

  it('change the state of the kernel and nothing in the database', async () => {
    const world = await World.make();
    const { row } = await world.running('c1');
    const { commits } = world.store;
    const freezing = await world.verbs.freeze.begin(row, { ...asked, power: 'running' });
    expect((await freezing.done).status_code).toBe(200);
    expect(world.cgroups.frozenIds).toEqual(new Set([row.id]));
    const thawing = await world.verbs.unfreeze.begin(row, { ...asked, power: 'frozen' });
    expect((await thawing.done).status_code).toBe(200);
    expect(world.cgroups.frozenIds).toEqual(new Set());
    expect(world.store.commits).toBe(commits);
  });

  it('have the instance alone', async () => {
    const world = await World.make();
    const { row } = await world.running('c1');
    const held = new Deferred<void>();
    world.cgroups.freeze = () => held.promise;
    const freezing = await world.verbs.freeze.begin(row, { ...asked, power: 'running' });
    await expect(world.verbs.stop.begin(row, { ...asked, power: 'running' })).rejects.toMatchObject({ code: 'instance.busy' });
    held.resolve();
    await freezing.done;
  });

  it('refuse one that has ended meanwhile', async () => {
    const world = await World.make();
    const { row } = await world.running('c1');
    await world.supervision.kill(row.id);
    for (const [verb, power] of [
      ['freeze', 'running'],
      ['unfreeze', 'frozen'],
    ] as const) {
      const operation = await world.verbs[verb].begin(row, { ...asked, power });
      expect((await operation.done).err).toBe("The container isn't running");
    }
  });
});

describe('instance.update', () => {
  const setup = () =>
    ready(async (world) => {
      const { row } = await world.running('c1', { config: { 'limits.memory': '1GiB' } });
      const wanted = { ...changeable(row), config: { 'limits.memory': '2GiB', 'user.a': 'b' }, description: 'new' };
      return world.verbs.update.prepare(row, wanted);
    });
  const spec = (world: World) => world.operations.update;
  const memory = (world: World & { params: UpdateParams }) => world.cgroups.limits.get(world.params.id)?.memory?.bytes;
  const clean = async (world: World & { params: UpdateParams }) => {
    expect(memory(world)).toBe(1024 ** 3);
    expect(changeable(await world.row(world.params.id))).toEqual(world.params.before);
  };
  const done = async (world: World & { params: UpdateParams }) => {
    expect(memory(world)).toBe(2 * 1024 ** 3);
    expect(await world.row(world.params.id)).toMatchObject({ description: 'new', config: { 'user.a': 'b' } });
    // What the server noted itself stays.
    expect((await world.row(world.params.id)).volatile['volatile.eth0.host_name']).toMatch(/^veth/);
  };

  it('puts the limits back, wherever it is cut off', async () => {
    await unwindsFromEveryStep(spec, setup, clean);
    await stepsAreIdempotent(spec, setup, done, clean);
  });

  it('is refused when somebody else was quicker', async () => {
    const world = await setup();
    await world.store.instances.update(world.params.id, { config: { 'user.theirs': 'kept' } });
    expect((await run(spec(world), world)).err).toContain('changed by another request');
    expect((await world.row(world.params.id)).config).toEqual({ 'user.theirs': 'kept' });
  });

  it('of devices is refused when the instance was started meanwhile', async () => {
    const world = await World.make();
    const row = await world.instance('c1');
    const params = await world.verbs.update.prepare(row, { ...changeable(row), devices: { eth1: { type: 'nic', network: 'br' } } });
    await world.supervision.launch({ id: row.id } as never);
    expect((await run(spec(world), { store: world.store, params })).err).toContain('changed by another request');
  });
});

describe('instance.rename', () => {
  const setup = () =>
    ready(async (world) => {
      const row = await world.instance('c1');
      await world.instances.logFiles.prepare(row);
      return { id: row.id, project: 'default', name: 'c1', newName: 'c2', instanceId: 'a-uuid' };
    });
  const spec = (world: World) => world.operations.rename;
  const is = (name: string, other: string) => async (world: World & { params: { id: string } }) => {
    const row = await world.row(world.params.id);
    expect(row.name).toBe(name);
    // LXD's notes of a rename: to be another machine for cloud-init.
    expect(row.volatile['volatile.apply_template']).toBe(name === 'c2' ? 'rename' : undefined);
    expect(row.volatile['volatile.cloud-init.instance-id']).toBe(name === 'c2' ? 'a-uuid' : undefined);
    expect([...world.storage.links.keys()]).toEqual([`default/${name}`]);
    expect([existsSync(join(world.logsDir, name)), existsSync(join(world.logsDir, other))]).toEqual([true, false]);
    const pool = await world.store.pools.get('default');
    expect((await world.store.volumes.list(pool?.id ?? '')).map((row) => row.name)).toEqual([name]);
  };

  it('moves all or nothing', async () => {
    await resumesFromEveryStep(spec, setup, is('c2', 'c1'));
    await stepsAreIdempotent(spec, setup, is('c2', 'c1'));
  });

  it('to a name that was taken meanwhile leaves both alone', async () => {
    const world = await setup();
    const other = await world.instance('c2');
    expect((await run(spec(world), world)).err).toContain('c2');
    expect([...world.storage.links.keys()].sort()).toEqual(['default/c1', 'default/c2']);
    expect((await world.row(other.id)).name).toBe('c2');
    expect((await world.row(world.params.id)).name).toBe('c1');
  });
});

describe('instance.delete', () => {
  const setup = () =>
    ready(async (world): Promise<RemoveParams> => {
      const row = await world.instance('c1');
      await world.instances.logFiles.prepare(row);
      return { id: row.id, project: 'default', name: 'c1' };
    });
  const spec = (world: World) => world.operations.delete;
  const done = async (world: World) => {
    expect(await world.store.instances.list(null)).toEqual([]);
    expect(world.storage.made.size).toBe(0);
    expect(existsSync(join(world.logsDir, 'c1'))).toBe(false);
    const pool = await world.store.pools.get('default');
    expect(await world.store.volumes.list(pool?.id ?? '')).toEqual([]);
  };

  it('is finished by the next daemon, wherever it is cut off', async () => {
    await resumesFromEveryStep(spec, setup, done);
    await stepsAreIdempotent(spec, setup, done);
  });

  it('asked for twice does not touch another instance of the same name', async () => {
    const world = await setup();
    expect(await run(spec(world), world)).toMatchObject({ status_code: 200 });
    const other = await world.instance('c1');
    expect((await run(spec(world), world)).err).toBe('Instance not found');
    expect(world.storage.links.has('default/c1')).toBe(true);
    expect((await world.row(other.id)).name).toBe('c1');
  });

  it('of one that was started meanwhile fails', async () => {
    const world = await setup();
    await world.supervision.launch({ id: world.params.id } as never);
    expect((await run(spec(world), world)).err).toBe('Instance is running');
    expect(world.storage.made.size).toBe(1);
  });
});
