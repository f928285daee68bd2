import { Deferred } from '#lib/base';
import { LxError } from '#lib/contract';
import { afterEach, describe, expect, it } from 'vitest';
import { removeWorlds, World } from './testing/world.ts';

afterEach(removeWorlds);

/** The rows and keepers as a daemon finds them at its start. */
async function reconciled(prepare: (world: World) => Promise<unknown>): Promise<World> {
  const world = await World.make();
  await prepare(world);
  await world.supervision.adopt();
  await world.housekeeping.reconcile();
  await world.settled();
  return world;
}

const running = (world: World) => [...world.keepers.running.keys()];

describe('at the start of the daemon', () => {
  it('what should run is started, in the order of boot.autostart.priority', async () => {
    const world = await reconciled(async (made) => {
      await made.instance('late', { power: 'running' });
      await made.instance('early', { power: 'running', config: { 'boot.autostart.priority': '10' } });
      await made.instance('stopped');
    });
    expect(world.keepers.plans.map((plan) => plan.name)).toEqual(['early', 'late']);
    expect(world.problems).toEqual([]);
  });

  it('boot.autostart decides, also from a profile', async () => {
    const world = await reconciled(async (made) => {
      const { store } = made;
      const never = { name: 'never', description: '', config: { 'boot.autostart': 'false' }, devices: {} };
      await store.profiles.insert({ project: 'default', ...never });
      await made.instance('own', { power: 'running', config: { 'boot.autostart': 'false' } });
      await made.instance('of-profile', { power: 'running', profiles: ['default', 'never'] });
      await made.instance('always', { config: { 'boot.autostart': 'true' } });
    });
    expect(world.keepers.plans.map((plan) => plan.name)).toEqual(['always']);
    expect((await world.store.instances.list(null)).map((row) => [row.name, row.power])).toEqual([
      ['always', 'running'],
      ['of-profile', 'stopped'],
      ['own', 'stopped'],
    ]);
  });

  it('what ended by itself stays stopped, and goes when it is ephemeral', async () => {
    const world = await reconciled(async (made) => {
      const { keeper } = await made.running('off');
      const gone = await made.running('gone', { ephemeral: true });
      made.networks.attached.set('br/left/eth0', 'left');
      keeper.finish('poweroff');
      gone.keeper.finish('poweroff');
    });
    expect((await world.store.instances.list(null)).map((row) => [row.name, row.power])).toEqual([['off', 'stopped']]);
    expect(world.keepers.records.size).toBe(0);
    expect([...world.networks.attached.keys()]).toEqual(['br/left/eth0']);
    expect(running(world)).toEqual([]);
  });

  it('what runs stays as it is, whatever its row says', async () => {
    const world = await reconciled(async (made) => {
      const { row } = await made.running('c1');
      await made.store.instances.update(row.id, { power: 'stopped' });
    });
    expect(running(world)).toHaveLength(1);
    expect((await world.store.instances.list(null))[0]?.power).toBe('running');
  });

  it('keepers and control groups of no instance go, and one that cannot stops nothing', async () => {
    const world = await World.make();
    const { row } = await world.running('c1');
    await world.supervision.launch({ id: 'stray' } as never);
    for (const id of [row.id, 'dead', 'stuck']) world.cgroups.left.add(id);
    const sweep = world.cgroups.sweep.bind(world.cgroups);
    world.cgroups.sweep = (id) => (id === 'stuck' ? Promise.reject(new Error('EBUSY')) : sweep(id));
    await world.housekeeping.reconcile();
    expect(running(world)).toEqual([row.id]);
    expect([...world.cgroups.left].sort()).toEqual([row.id, 'stuck'].sort());
    expect(world.problems).toEqual([expect.stringContaining('stuck')]);
  });

  it('one that does not start is reported, and the next is started', async () => {
    const world = await reconciled(async (made) => {
      await made.instance('bad', { power: 'running' });
      await made.instance('good', { power: 'running' });
      made.keepers.failure = { stage: 'exec', syscall: 'execve', errno: 'ENOENT', path: '/sbin/init' };
    });
    expect(world.problems).toEqual([expect.stringMatching(/starting bad.*\/sbin\/init/)]);
    expect(world.keepers.plans.map((plan) => plan.name)).toEqual(['good']);
    expect((await world.store.instances.get('default', 'bad'))?.power).toBe('stopped');
  });

  it('one whose turn has not come when the daemon ends is started by the next', async () => {
    const world = await World.make();
    await world.instance('first', { power: 'running', config: { 'boot.autostart.delay': '1000', 'boot.autostart.priority': '1' } });
    await world.instance('second', { power: 'running' });
    await world.housekeeping.reconcile();
    await world.lifecycle('instance-started');
    world.housekeeping.close();
    await world.settled();
    expect(world.keepers.plans.map((plan) => plan.name)).toEqual(['first']);
    expect((await world.store.instances.get('default', 'second'))?.power).toBe('running');
  });
});

describe('an instance that ends by itself', () => {
  it('is noted, told, and taken out of its network', async () => {
    const world = await reconciled(async (made) => made.running('c1'));
    const told = world.lifecycle('instance-shutdown');
    const [id = ''] = running(world);
    world.keeper(id).finish('poweroff');
    await told;
    await world.settled();
    expect(await world.row(id)).toMatchObject({ power: 'stopped', volatile: { 'volatile.last_state.power': 'STOPPED' } });
    expect(world.networks.attached.size).toBe(0);
    expect(world.keepers.records.size).toBe(0);
  });

  it('goes away when it is ephemeral', async () => {
    const world = await reconciled(async (made) => made.running('c1', { ephemeral: true }));
    const deleted = world.lifecycle('instance-deleted');
    world.keeper(running(world)[0] ?? '').finish('exited');
    await deleted;
    expect(await world.store.instances.list(null)).toEqual([]);
    expect(world.storage.made.size).toBe(0);
    expect(world.problems).toEqual([]);
  });

  it('and is started at once is not taken down again by the note of its end', async () => {
    const world = await reconciled(async (made) => made.running('c1'));
    const [id = ''] = running(world);
    // The note of the end takes long: the start has to wait for it.
    const held = new Deferred<void>();
    const detach = world.networks.detach.bind(world.networks);
    world.networks.detach = async (request) => {
      await held.promise;
      return detach(request);
    };
    world.keeper(id).finish('poweroff');
    await new Promise((resolve) => setImmediate(resolve));
    const starting = world.instances.state.begin('default', 'c1', { action: 'start', force: false, timeout: 10 });
    held.resolve();
    expect(await (await starting).done).toMatchObject({ status_code: 200 });
    await world.settled();
    expect(running(world)).toEqual([id]);
    expect((await world.row(id)).power).toBe('running');
    expect(world.networks.attached.size).toBe(1);
  });

  it('right after its start, before that is written down, is stopped in the end', async () => {
    const world = await reconciled(async (made) => made.instance('c1'));
    world.keepers.onLaunch = (keeper) => queueMicrotask(() => keeper.finish('exited'));
    const start = await world.instances.state.begin('default', 'c1', { action: 'start', force: false, timeout: 10 });
    await start.done;
    await world.settled();
    expect((await world.store.instances.get('default', 'c1'))?.power).toBe('stopped');
    expect(world.networks.attached.size).toBe(0);
    expect(world.actions).toContain('instance-stopped');
  });

  it('while it is being stopped is one end, not two', async () => {
    const world = await reconciled(async (made) => made.running('c1', { ephemeral: true }));
    const [id = ''] = running(world);
    const deleted = world.lifecycle('instance-deleted');
    const stop = await world.instances.state.begin('default', 'c1', { action: 'stop', force: true, timeout: -1 });
    world.keepers.running.get(id)?.finish('poweroff');
    await stop.done;
    await deleted;
    await world.settled();
    expect(world.problems).toEqual([]);
    expect(world.actions.filter((action) => action === 'instance-deleted')).toHaveLength(1);
  });

  describe('with boot.autorestart', () => {
    const config = { 'boot.autorestart': 'true' };

    it('is started again, unless the guest powered off', async () => {
      const world = await reconciled(async (made) => {
        await made.running('dies', { config });
        await made.running('off', { config });
        await made.running('plain');
      });
      const [dies = '', off = '', plain = ''] = running(world);
      const started = world.lifecycle('instance-started');
      world.keeper(off).finish('poweroff');
      world.keeper(plain).finish('killed', 9);
      world.keeper(dies).finish('exited', 1);
      await started;
      await world.settled();
      expect(running(world)).toEqual([dies]);
      expect((await world.row(dies)).power).toBe('running');
      expect((await world.row(off)).power).toBe('stopped');
      expect((await world.row(plain)).power).toBe('stopped');
      expect(world.problems).toEqual([]);
    });

    it('is left alone when it dies again and again', async () => {
      const world = await reconciled(async (made) => made.running('c1', { config }));
      world.keepers.onLaunch = (keeper) => queueMicrotask(() => keeper.finish('killed', 9));
      const [id = ''] = running(world);
      world.keeper(id).finish('killed', 9);
      while (world.problems.length === 0) await world.lifecycle('instance-stopped');
      await world.settled();
      expect(world.keepers.plans).toHaveLength(11);
      expect((await world.row(id)).power).toBe('stopped');
      expect(world.problems).toEqual([expect.stringMatching(/c1 ended too often/)]);
    });

    it('is started by the next daemon where its end was not seen', async () => {
      const world = await reconciled(async (made) => {
        (await made.running('dies', { config })).keeper.finish('killed', 9);
        (await made.running('off', { config })).keeper.finish('poweroff');
      });
      expect((await world.store.instances.list(null)).map((row) => [row.name, row.power])).toEqual([
        ['dies', 'running'],
        ['off', 'stopped'],
      ]);
      expect(running(world)).toHaveLength(1);
    });
  });

  it('before the daemon has looked around is left to that', async () => {
    const world = await World.make();
    const { row, keeper } = await world.running('c1');
    keeper.finish('poweroff');
    await keeper.ended;
    await world.housekeeping.reconcile();
    await world.settled();
    expect((await world.row(row.id)).power).toBe('stopped');
    expect(world.keepers.plans).toHaveLength(1);
  });
});

it('a reboot by the guest is told, and nothing else happens', async () => {
  const world = await reconciled(async (made) => made.running('c1'));
  const told = world.lifecycle('instance-restarted');
  world.keeper(running(world)[0] ?? '').reboot();
  await told;
  expect(running(world)).toHaveLength(1);
});

describe('at the shutdown of the server', () => {
  it('instances stop in the order of boot.stop.priority, and are wanted again', async () => {
    const order: string[] = [];
    const world = await reconciled(async (made) => {
      for (const [name, priority] of Object.entries({ last: '0', first: '20', second: '10' })) {
        const { keeper } = await made.running(name, { config: { 'boot.stop.priority': priority, 'image.lxctl.halt_signal': 'SIGUSR2' } });
        keeper.onSignal = () => {
          order.push(name);
          keeper.finish('poweroff');
        };
      }
    });
    await world.housekeeping.stopAll(false);
    expect(order).toEqual(['first', 'second', 'last']);
    expect(running(world)).toEqual([]);
    expect((await world.store.instances.list(null)).map((row) => row.power)).toEqual(['running', 'running', 'running']);
    expect(world.keepers.records.size).toBe(0);
    expect(world.problems).toEqual([]);
  });

  it('one that does not end in its time is killed', async () => {
    const config = { 'boot.host_shutdown_timeout': '1', 'image.lxctl.halt_signal': 'SIGUSR2' };
    const world = await reconciled(async (made) => made.running('deaf', { config }));
    await world.housekeeping.stopAll(false);
    expect(running(world)).toEqual([]);
  });

  it('one that is to be killed is not asked first', async () => {
    const config = { 'boot.host_shutdown_action': 'force-stop', 'image.lxctl.halt_signal': 'SIGUSR2' };
    const world = await reconciled(async (made) => made.running('deaf', { config }));
    // Asked, it would have the 30 seconds of boot.host_shutdown_timeout.
    await world.housekeeping.stopAll(false);
    expect(running(world)).toEqual([]);
  }, 10_000);

  it('ephemeral ones are gone when it is over', async () => {
    const world = await reconciled(async (made) => made.running('c1', { ephemeral: true }));
    await world.housekeeping.stopAll(true);
    expect(await world.store.instances.list(null)).toEqual([]);
    expect(world.problems).toEqual([]);
  });

  it('are stopped by what their keepers know while the database is away, and that is said', async () => {
    const world = await reconciled(async (made) => {
      await made.running('a');
      await made.running('b');
    });
    world.store.instances.list = async () => {
      throw new LxError('database.unavailable');
    };
    const problems = await world.housekeeping.stopAll(true);
    await world.housekeeping.killRest();
    expect(running(world)).toEqual([]);
    expect(problems).toEqual(['The database is not available', '2 instances were stopped without a word of it in the database']);
  });

  it('a busy one does not keep the others from being stopped', async () => {
    const world = await reconciled(async (made) => {
      await made.running('busy');
      await made.running('other');
    });
    const row = await world.instances.reader.row('default', 'busy');
    const held = new Deferred<void>();
    world.cgroups.freeze = () => held.promise;
    const freezing = await world.instances.state.begin('default', 'busy', { action: 'freeze', force: false, timeout: 10 });
    const stopping = world.housekeeping.stopAll(true);
    await stopping;
    expect(running(world)).toEqual([]);
    held.resolve();
    await freezing.done;
    expect((await world.row(row.id)).power).toBe('running');
  });
});
