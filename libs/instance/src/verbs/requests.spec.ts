import { afterEach, describe, expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import { LxError } from '#lib/contract';
import type { ImageRow } from '#lib/store';
import type { CreateRequest } from './create.ts';
import { changeable } from './update.ts';
import { FakeImages } from '../testing/fake-images.ts';
import { bareRequest } from '../testing/requests.ts';
import { failureOf, removeWorlds, World } from '../testing/world.ts';

afterEach(removeWorlds);

const request = (change: Partial<CreateRequest> = {}): CreateRequest => ({
  ...bareRequest,
  name: 'c1',
  source: { type: 'image', alias: 'img' },
  ...change,
});

const state = (action: string, change: { force?: boolean; timeout?: number } = {}) => ({ action, force: false, timeout: 30, ...change });

describe('a request for an instance', () => {
  it('is told everything that is wrong with it at once', async () => {
    const world = await World.make();
    const wrong = request({
      name: '-1_',
      type: 'virtual-machine',
      config: { 'limits.memory': 'banana', 'no.such.key': 'x' },
      devices: { d: { type: 'no-such' } },
      source: { type: 'migration' },
      profiles: ['missing'],
    });
    const problem = await failureOf(world.verbs.create.begin('default', wrong));
    for (const part of ['virtual-machine', 'hyphen', 'limits.memory', 'no.such.key', 'no-such', 'migration', '"missing"'])
      expect(problem.message).toContain(part);
    expect(await world.store.operations.unfinished({ limit: 10 })).toEqual([]);
  });

  it.each([
    ['an unknown image', { source: { type: 'image', alias: 'nope' } }, 'Image alias not found'],
    ['an unknown fingerprint', { source: { type: 'image', fingerprint: 'ffff' } }, 'Image not found'],
    ['an unknown source', { source: { type: 'bogus' } }, 'Unknown source type bogus'],
    ['no image named', { source: { type: 'image' } }, 'Must specify one of alias'],
    ['a pool that is not there', { devices: { root: { type: 'disk', path: '/', pool: 'nope' } } }, 'Storage pool not found'],
    ['a network that is not there', { devices: { eth0: { type: 'nic', network: 'nope' } } }, 'Failed loading network "nope"'],
    ['no root disk', { profiles: [] }, 'No root device'],
    ['another architecture', { architecture: 'riscv64' }, 'riscv64'],
  ])('is refused: %s', async (_, change, text) => {
    const world = await World.make();
    await expect(world.verbs.create.begin('default', request(change as Partial<CreateRequest>))).rejects.toThrow(text);
    expect(await world.store.instances.list(null)).toEqual([]);
  });

  describe('of an image that is not here', () => {
    const elsewhere = 'e'.repeat(64);
    const wanted = request({ source: { type: 'image', protocol: 'recipe', alias: 'tiny' }, config: { 'image.os': 'mine' } });
    const setup = async (change: Partial<ImageRow> = {}) => {
      const world = await World.make();
      const row = new FakeImages().add(elsewhere, '', { properties: { os: 'Tiny', release: '1' }, profiles: ['none such'], ...change });
      world.images.elsewhere.set('tiny', row);
      return world;
    };

    it('fetches it as a part of its own operation, which says how far it is', async () => {
      const world = await setup();
      let fetches = 0;
      world.images.onFetch = async ({ progress }) => {
        fetches++;
        progress('half');
      };
      const operation = await world.verbs.create.begin('default', wanted);
      expect(operation.view().may_cancel).toBe(true);
      expect(await operation.done).toMatchObject({ status_code: 200, metadata: { create_image_progress: 'half' } });
      const [row] = await world.store.instances.list(null);
      expect(row).toMatchObject({
        profiles: ['default'],
        config: { 'image.os': 'mine', 'image.release': '1' },
        volatile: { 'volatile.base_image': elsewhere },
      });
      expect(world.storage.imageOf('default', 'c1')).toBe(elsewhere);
      const again = await world.verbs.create.begin('default', { ...wanted, name: 'c2', profiles: ['default'] });
      expect(await again.done).toMatchObject({ status_code: 200 });
      expect(fetches).toBe(1);
    });

    it('leaves nothing of the instance when the fetch fails or the image is for another machine', async () => {
      const foreign = await setup({ architecture: 's390x' });
      expect((await (await foreign.verbs.create.begin('default', wanted)).done).err).toContain('s390x');
      const away = await setup();
      away.images.onFetch = () => Promise.reject(new Error('the mirror is away'));
      expect((await (await away.verbs.create.begin('default', wanted)).done).err).toBe('the mirror is away');
      for (const world of [foreign, away])
        expect([await world.store.instances.list(null), [...world.storage.made.keys()]]).toEqual([[], []]);
    });

    it('ends when it is cancelled in the middle', async () => {
      const world = await setup();
      const fetching = new Deferred<void>();
      world.images.onFetch = ({ signal }) => {
        fetching.resolve();
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new LxError('image.cancelled'))));
      };
      const operation = await world.verbs.create.begin('default', wanted);
      await fetching.promise;
      await world.engine.cancel(operation.id);
      expect((await operation.done).status_code).toBeGreaterThanOrEqual(400);
      expect(await world.store.instances.list(null)).toEqual([]);
    });

    it('is refused at once where the source has no such image', async () => {
      const world = await setup();
      const other = { ...wanted, source: { ...wanted.source, alias: 'nope' } };
      await expect(world.verbs.create.begin('default', other)).rejects.toThrow('Image not found');
    });
  });

  it('gets a free name where it has none, and one MAC a nic', async () => {
    const world = await World.make();
    const operation = await world.verbs.create.begin('default', request({ name: '' }));
    expect(await operation.done).toMatchObject({ status_code: 200 });
    const [row] = await world.store.instances.list(null);
    expect(row?.name).toMatch(/^[a-z]+-[a-z]+/);
    expect(row?.volatile['volatile.eth0.hwaddr']).toMatch(/^00:16:3e(:[0-9a-f]{2}){3}$/);
    expect(operation.view().resources?.instances).toEqual([`/1.0/instances/${row?.name}`]);
  });

  it('takes the architecture by its name, by LXD’s number and by Debian’s name', async () => {
    const world = await World.make();
    for (const [at, architecture] of ['x86_64', '2', 'amd64'].entries()) {
      const operation = await world.verbs.create.begin('default', request({ name: `a${at}`, architecture }));
      expect(await operation.done).toMatchObject({ status_code: 200 });
      expect((await world.instances.reader.row('default', `a${at}`)).architecture).toBe('x86_64');
    }
    await expect(world.verbs.create.begin('default', request({ architecture: '4' }))).rejects.toThrow('supported by this host: 4');
  });

  it('has the profiles of its image, also when those are none', async () => {
    const world = await World.make();
    world.images.add('e'.repeat(64), 'bare', { profiles: [] });
    const devices = { root: { type: 'disk', path: '/', pool: 'default' } };
    const wanted = request({ source: { type: 'image', alias: 'bare' }, devices });
    expect(await world.verbs.create.prepare('default', wanted)).toMatchObject({ profiles: [] });
    expect(await world.verbs.create.prepare('default', request())).toMatchObject({ profiles: ['default'] });
  });

  it('has the notes that LXD keeps, and those that a client may choose', async () => {
    const world = await World.make();
    const id = '6f0c3a52-0000-4000-8000-000000000001';
    const config = { 'volatile.eth0.hwaddr': '00:16:3e:11:22:33', 'volatile.cloud-init.instance-id': id, 'volatile.uuid': '' };
    const { volatile } = await world.verbs.create.prepare('default', request({ config }));
    expect(volatile).toMatchObject({
      'volatile.eth0.hwaddr': '00:16:3e:11:22:33',
      'volatile.cloud-init.instance-id': id,
      'volatile.apply_template': 'create',
      'volatile.last_state.idmap': '[]',
    });
    expect(volatile['volatile.uuid']).toMatch(/^[0-9a-f-]{36}$/);
    expect(volatile['volatile.last_state.power']).toBeUndefined();
    for (const key of ['volatile.base_image', 'volatile.last_state.power', 'volatile.eth7.hwaddr', 'volatile.foo'])
      await expect(world.verbs.create.begin('default', request({ config: { [key]: 'x' } }))).rejects.toThrow(key);
  });

  it('is told of with its pool and its type', async () => {
    const world = await World.make();
    const told = world.lifecycle('instance-created');
    await world.verbs.create.begin('default', request());
    await told;
    const event = world.events.find(
      ({ type, metadata }) => type === 'lifecycle' && (metadata as { action: string }).action === 'instance-created',
    );
    expect(event?.metadata).toMatchObject({ context: { 'storage-pool': 'default', type: 'container' } });
  });

  it('is refused when a profile is no longer what it was checked with, and leaves nothing', async () => {
    const world = await World.make();
    const profile = await world.store.profiles.get('default', 'default');
    const { tx } = world.store;
    // Between the check and the first rows somebody else's change is committed.
    world.store.tx = async (work) => {
      await world.store.profiles.update(profile?.id ?? '', { config: { 'limits.memory': '64MiB' } });
      return tx.call(world.store, work) as ReturnType<typeof work>;
    };
    await expect(world.verbs.create.begin('default', request())).rejects.toThrow(
      'A profile that the request names was changed or deleted meanwhile',
    );
    expect(await world.store.operations.unfinished({ limit: 10 })).toEqual([]);
    expect(await world.store.instances.list(null)).toEqual([]);
    expect(await world.store.volumes.list((await world.store.pools.get('default'))?.id ?? '')).toEqual([]);
  });

  it('for a name that is taken, or being taken, is refused', async () => {
    const world = await World.make();
    const held = new Deferred<void>();
    const { create } = world.storage.roots;
    world.storage.roots.create = async (...given) => {
      await held.promise;
      return create(...given);
    };
    const first = await world.verbs.create.begin('default', request());
    await expect(world.verbs.create.begin('default', request())).rejects.toThrow(/busy running a "create"|already exists/);
    held.resolve();
    expect(await first.done).toMatchObject({ status_code: 200 });
    await expect(world.verbs.create.begin('default', request())).rejects.toThrow('already exists');
    expect(await world.store.instances.list(null)).toHaveLength(1);
  });

  it('twice in one moment makes one', async () => {
    const world = await World.make();
    const asked = await Promise.allSettled([1, 2].map(() => world.verbs.create.begin('default', request({ start: true }))));
    await Promise.all(asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value.done] : [])));
    expect(await world.store.instances.list(null)).toHaveLength(1);
    expect(world.keepers.running.size).toBe(1);
    expect(world.problems).toEqual([]);
  });
});

describe('a change of state', () => {
  it('that the state does not allow is refused', async () => {
    const world = await World.make();
    await world.instance('off');
    const { row } = await world.running('on');
    const change = (name: string, action: string) => world.instances.state.begin('default', name, state(action));
    await expect(change('off', 'stop')).rejects.toThrow('The instance is already stopped');
    await expect(change('off', 'restart')).rejects.toThrow('The instance is already stopped');
    await expect(change('off', 'freeze')).rejects.toThrow("The container isn't running");
    await expect(change('off', 'unfreeze')).rejects.toThrow("The container isn't running");
    await expect(change('on', 'start')).rejects.toThrow('The instance is already running');
    await expect(change('on', 'unfreeze')).rejects.toThrow('The container is already running');
    await expect(change('nope', 'start')).rejects.toThrow('Instance not found');
    await expect(change('on', 'dance')).rejects.toThrow("Unknown action: 'dance'");
    world.cgroups.frozenIds.add(row.id);
    await expect(change('on', 'freeze')).rejects.toThrow('already frozen');
    expect(await (await change('on', 'start')).done).toMatchObject({ status_code: 200 });
    expect(world.cgroups.frozenIds.size).toBe(0);
  });

  it('to restart is refused before the instance is stopped, when it could not come up again', async () => {
    const world = await World.make();
    const { row } = await world.running('c1');
    await world.store.instances.update(row.id, { config: { 'limits.kernel.nofile': '99999999' } });
    const restart = world.instances.state.begin('default', 'c1', state('restart', { force: true }));
    await expect(restart).rejects.toThrow(/limits\.kernel\.nofile.*at most 20000/);
    expect(world.keepers.running.size).toBe(1);
  });

  it('while another runs is refused, and names that one', async () => {
    const world = await World.make();
    const { keeper } = await world.running('c1');
    const stop = await world.instances.state.begin('default', 'c1', state('stop', { timeout: -1 }));
    const busy = { code: 'instance.busy', status: 409, message: 'Instance is busy running a "stop" operation' };
    await expect(world.instances.state.begin('default', 'c1', state('stop'))).rejects.toMatchObject(busy);
    await expect(world.instances.state.begin('default', 'c1', state('restart'))).rejects.toMatchObject(busy);
    const row = await world.instances.reader.row('default', 'c1');
    await expect(world.verbs.update.begin(row, { ...changeable(row), description: 'x' })).rejects.toMatchObject(busy);
    keeper.finish('poweroff');
    await stop.done;
  });

  it('two starts in one moment: one runs', async () => {
    const world = await World.make();
    await world.instance('c1');
    const asked = await Promise.allSettled([1, 2].map(() => world.instances.state.begin('default', 'c1', state('start'))));
    const views = await Promise.all(asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value.done] : [])));
    expect(views.filter((view) => view.status_code === 200)).toHaveLength(1);
    expect(world.keepers.running.size).toBe(1);
    expect(world.problems).toEqual([]);
  });

  it('stop with force ends a shutdown that does not come', async () => {
    const world = await World.make();
    const { row } = await world.running('c1');
    const waiting = await world.instances.state.begin('default', 'c1', state('stop', { timeout: -1 }));
    expect(waiting.view().may_cancel).toBe(true);
    const forced = await world.instances.state.begin('default', 'c1', state('stop', { force: true }));
    expect(await forced.done).toMatchObject({ status_code: 200 });
    expect(await waiting.done).toMatchObject({ status_code: 200 });
    expect((await world.row(row.id)).power).toBe('stopped');
  });

  it('a shutdown that does not come can be cancelled; the instance goes on', async () => {
    const world = await World.make();
    const { row } = await world.running('c1');
    const waiting = await world.instances.state.begin('default', 'c1', state('stop', { timeout: -1 }));
    await world.engine.cancel(waiting.id);
    expect(await waiting.done).toMatchObject({ status_code: 401 });
    expect(world.keepers.running.size).toBe(1);
    expect((await world.row(row.id)).power).toBe('running');
  });

  it('stop with no time at all kills', async () => {
    const world = await World.make();
    const { keeper } = await world.running('c1');
    const stop = await world.instances.state.begin('default', 'c1', state('stop', { timeout: 0 }));
    expect(await stop.done).toMatchObject({ status_code: 200 });
    expect(keeper.signals).toEqual([]);
  });
});

describe('a change of the instance', () => {
  it('of addresses is refused while it runs; of limits it is not', async () => {
    const world = await World.make();
    const { row } = await world.running('c1');
    const change = changeable(row);
    const address = { 'volatile.eth0.hwaddr': '00:16:3e:11:22:33' };
    await expect(world.verbs.update.begin(row, { ...change, config: address })).rejects.toThrow(
      'Addresses of devices of a running instance',
    );
    const limits = await world.verbs.update.begin(row, { ...change, config: { 'limits.processes': '7' } });
    expect(await limits.done).toMatchObject({ status_code: 200 });
    expect(world.cgroups.limits.get(row.id)).toEqual({ processes: 7 });
  });

  it('changes an address of a running instance at once, and plugs the card in anew for what else changes', async () => {
    const world = await World.make();
    const { row, keeper } = await world.running('c1');
    const eth0 = { type: 'nic', network: 'br', 'ipv4.address': '10.0.0.7' };
    const begun = await world.verbs.update.begin(row, { ...changeable(row), devices: { eth0 } });
    expect(await begun.done).toMatchObject({ status_code: 200 });
    expect((await world.row(row.id)).attached).toMatchObject([{ device: 'eth0', ipv4: '10.0.0.7' }]);
    const other = { ...changeable(await world.row(row.id)) };
    const again = await world.verbs.update.begin(await world.row(row.id), { ...other, devices: { eth0: { ...eth0, mtu: '1400' } } });
    expect(await again.done).toMatchObject({ status_code: 200 });
    expect(keeper.links.get('eth0')).toMatchObject({ mtu: 1400 });
  });

  it('takes a MAC of a client, and none of the notes that are the server’s own', async () => {
    const world = await World.make();
    const row = await world.instance('c1');
    const config = { ...row.volatile, 'volatile.eth0.hwaddr': '00:16:3e:11:22:33', 'volatile.idmap.next': '' };
    await (await world.verbs.update.begin(row, { ...changeable(row), config })).done;
    const ids = { 'volatile.idmap.base': expect.any(String) as string, 'volatile.idmap.next': expect.any(String) as string };
    expect((await world.row(row.id)).volatile).toEqual({ ...row.volatile, ...ids, 'volatile.eth0.hwaddr': '00:16:3e:11:22:33' });
    const again = await world.row(row.id);
    const refused = {
      'volatile.eth0.hwaddr': 'banana',
      'volatile.base_image': '../../../etc',
      'volatile.no.such': 'x',
      'volatile.uuid': '',
    };
    const problem = await failureOf(world.verbs.update.begin(again, { ...changeable(again), config: refused }));
    for (const part of [
      'Invalid MAC address "banana"',
      '"volatile.base_image" is set by the server',
      'Unknown configuration key: volatile.no.such',
    ])
      expect(problem.message).toContain(part);
    // What is not there may be sent as nothing.
    expect(problem.message).not.toContain('volatile.uuid');
  });

  it('unset, a MAC and the id for cloud-init are made anew', async () => {
    const world = await World.make();
    const row = await world.instance('c1');
    const config = { 'volatile.eth0.hwaddr': '' };
    await (await world.verbs.update.begin(row, { ...changeable(row), config })).done;
    const address = (await world.row(row.id)).volatile['volatile.eth0.hwaddr'];
    expect(address).toMatch(/^00:16:3e:/);
    expect(address).not.toBe(row.volatile['volatile.eth0.hwaddr']);
  });

  it('two at once from the same reading: the second is refused, nothing is lost', async () => {
    const world = await World.make();
    const row = await world.instance('c1');
    const patch = (config: Record<string, string>) => world.verbs.update.begin(row, { ...changeable(row), config });
    await (await patch({ 'user.a': '1' })).done;
    expect(await (await patch({ 'user.b': '2' })).done).toMatchObject({ err: expect.stringContaining('changed by another') });
    expect((await world.row(row.id)).config).toEqual({ 'user.a': '1' });
  });

  it('names every problem', async () => {
    const world = await World.make();
    const row = await world.instance('c1');
    const wrong = { ...changeable(row), config: { 'limits.cpu': 'x' }, profiles: ['nope'], devices: { d: { type: 'x' } } };
    const problem = await failureOf(world.verbs.update.begin(row, wrong));
    for (const part of ['limits.cpu', '"nope"', '"d"']) expect(problem.message).toContain(part);
  });
});

describe('rename and delete', () => {
  it('need a stopped instance, a good name, and no protection', async () => {
    const world = await World.make();
    const { row } = await world.running('on');
    const off = await world.instance('off', { config: { 'security.protection.delete': 'true' } });
    await expect(world.verbs.rename.begin(row, 'other')).rejects.toThrow('Renaming of running container not allowed');
    await expect(world.verbs.delete.begin(row)).rejects.toThrow('Instance is running');
    await expect(world.verbs.rename.begin(off, 'on')).rejects.toThrow('already');
    await expect(world.verbs.rename.begin(off, '../x')).rejects.toThrow('Invalid instance name');
    await expect(world.verbs.delete.begin(off)).rejects.toThrow('Instance is protected');
  });

  it('a rename and a create of the same name do not meet', async () => {
    const world = await World.make();
    const row = await world.instance('old');
    const held = new Deferred<void>();
    const { rename } = world.storage.roots;
    world.storage.roots.rename = async (...given) => {
      await held.promise;
      return rename(...given);
    };
    const renaming = await world.verbs.rename.begin(row, 'c1');
    await expect(world.verbs.create.begin('default', request())).rejects.toMatchObject({ code: 'instance.busy' });
    held.resolve();
    expect(await renaming.done).toMatchObject({ status_code: 200 });
    expect([...world.storage.links.keys()]).toEqual(['default/c1']);
  });
});

it('a full view of an instance that ends in the moment has nothing to tell, and does not fail', async () => {
  const world = await World.make();
  const { row, keeper } = await world.running('c1');
  keeper.network = () => Promise.reject(new Error('the keeper is gone'));
  const full = await world.instances.reader.fullView(row);
  expect(full).toMatchObject({ status: 'Running', state: { network: null } });
  expect(await world.instances.reader.views('default')).toHaveLength(1);
});
