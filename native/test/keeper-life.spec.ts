import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Keeper, type KeeperInfo, type Layer, LinuxKeepers } from '#lib/host';
import { keeperPath, missing, parentOf, World } from './keeper-world.ts';

const reason = missing();

function rebooted(keeper: Keeper): Promise<KeeperInfo> {
  return new Promise((resolve) => {
    keeper.onReboot = resolve;
  });
}

describe.skipIf(reason !== null)(`the life of a container${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
  });
  afterAll(() => world.dispose());

  it('runs an init that is root inside and nobody outside', async () => {
    const plan = world.plan();
    const keeper = await world.keepers.launch(plan);
    expect(await world.run(keeper, ['id', '-u'])).toEqual({ code: 0, output: '0\n' });
    expect(readFileSync(`/proc/${keeper.info.initPid}/status`, 'utf8')).toMatch(/^Uid:\t1000000\t1000000/m);
    expect((await world.run(keeper, ['hostname'])).output).toBe('guest\n');
    expect(await keeper.kill()).toMatchObject({ id: plan.id, reason: 'killed', status: 9 });
    expect(await world.traces(plan)).toEqual([]);
    // Dead by now, and a zombie until the nursery comes to it.
    await expect.poll(() => existsSync(`/proc/${keeper.info.initPid}`)).toBe(false);
  });

  it('has the nursery as its grandparent, which is no child of ours', async () => {
    const keeper = await world.keepers.launch(world.plan());
    expect(parentOf(parentOf(keeper.info.initPid))).toBe(world.nurseryPid());
    expect(parentOf(world.nurseryPid())).not.toBe(process.pid);
    await keeper.kill();
  });

  it('refuses a second nursery and a second launch of an id', async () => {
    const pid = world.nurseryPid();
    await new LinuxKeepers({ runDir: world.runDir, keeperPath }).prepare();
    expect(world.nurseryPid()).toBe(pid);
    const plan = world.plan();
    const keeper = await world.keepers.launch(plan);
    await expect(world.keepers.launch(plan)).rejects.toThrow(/Failed to start: keeper: bind .*: EADDRINUSE/);
    expect(await world.run(keeper, ['true'])).toEqual({ code: 0, output: '' });
    await keeper.kill();
  });

  it('ends by poweroff, and leaves a record until it is forgotten', async () => {
    const plan = world.plan();
    const keeper = await world.keepers.launch(plan);
    void world.run(keeper, ['poweroff', '-f']);
    const end = await keeper.ended;
    expect(end).toMatchObject({ id: plan.id, reason: 'poweroff', detail: '' });
    expect(await world.traces(plan)).toEqual([]);
    expect(await world.keepers.endRecords()).toContainEqual(end);
    await world.keepers.forgetEndRecord(plan.id);
    expect((await world.keepers.endRecords()).map((record) => record.id)).not.toContain(plan.id);
  });

  it('starts again by itself when the guest reboots', async () => {
    const plan = world.plan();
    const keeper = await world.keepers.launch(plan);
    const before = keeper.info;
    await world.run(keeper, ['sh', '-c', 'echo kept > /root/file; mkdir /sys/fs/cgroup/below']);
    const again = rebooted(keeper);
    void world.run(keeper, ['reboot', '-f']);
    const info = await again;
    expect(info).toMatchObject({ id: plan.id, reboots: 1 });
    expect(info.initPid).not.toBe(before.initPid);
    expect(keeper.info).toEqual(info);
    expect((await world.run(keeper, ['cat', '/root/file'])).output).toBe('kept\n');
    expect((await world.run(keeper, ['ls', '/sys/fs/cgroup'])).output).not.toContain('below');
    await keeper.kill();
    expect(await world.traces(plan)).toEqual([]);
  });

  it('goes on without a daemon: it survives, reboots, ends', async () => {
    const [stays, reboots, ends] = [world.plan(), world.plan(), world.plan()];
    const keepers = await Promise.all([stays, reboots, ends].map((plan) => world.keepers.launch(plan)));
    for (const keeper of keepers) keeper.close();
    const successor = new LinuxKeepers({ runDir: world.runDir, keeperPath });
    await successor.prepare();
    const found = new Map((await successor.survivors()).map((keeper) => [keeper.info.id, keeper]));
    expect([...found.keys()].sort()).toEqual([stays.id, reboots.id, ends.id].sort());
    const [a, b, c] = [stays, reboots, ends].map((plan) => found.get(plan.id) as Keeper) as [Keeper, Keeper, Keeper];
    expect(a.info).toEqual(keepers[0]?.info);
    const again = rebooted(b);
    void world.run(b, ['reboot', '-f']);
    await again;
    void world.run(c, ['poweroff', '-f']);
    await c.ended;
    expect((await successor.endRecords()).map((record) => record.id)).toContain(ends.id);
    expect(await world.run(a, ['true'])).toMatchObject({ code: 0 });
    await Promise.all([a.kill(), b.kill()]);
    for (const plan of [stays, reboots, ends]) expect(await world.traces(plan)).toEqual([]);
  });

  it('dies with its keeper, and the nursery clears up', async () => {
    const plan = world.plan({
      links: [
        {
          kind: 'veth',
          hostName: `kl${process.pid % 1000000}`,
          name: 'eth0',
          bridge: null,
          mac: '00:16:3e:00:00:02',
          hostMac: null,
          mtu: 1400,
        },
      ],
    });
    const keeper = await world.keepers.launch(plan);
    process.kill(parentOf(keeper.info.initPid), 'SIGKILL');
    expect(await keeper.ended).toMatchObject({ id: plan.id, reason: 'killed' });
    expect(await world.traces(plan)).toEqual([]);
    expect(existsSync(`/proc/${keeper.info.initPid}`)).toBe(false);
  });

  it('dies with its keeper also without a nursery; the next one clears up', async () => {
    const own = new World();
    try {
      await own.keepers.prepare();
      const plan = own.plan();
      const keeper = await own.keepers.launch(plan);
      process.kill(own.nurseryPid(), 'SIGKILL');
      process.kill(parentOf(keeper.info.initPid), 'SIGKILL');
      expect(await keeper.ended).toMatchObject({ id: plan.id, reason: 'killed' });
      expect(await own.traces(plan)).toEqual([]);
    } finally {
      await own.dispose();
    }
  });

  it('also runs on a directory as its root, with a time namespace', async () => {
    const base = world.plan({ namespaces: ['user', 'mount', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'time'] });
    const [image, , ...nodes] = base.layers;
    const mounts = base.mounts.map((step) => (step.op === 'layer' ? { ...step, layer: step.layer - 1 } : step));
    const keeper = await world.keepers.launch({ ...base, layers: [image as Layer, ...nodes], root: { kind: 'bind', layer: 0 }, mounts });
    expect((await world.run(keeper, ['id', '-u'])).output).toBe('0\n');
    expect(readlinkSync(`/proc/${keeper.info.initPid}/ns/time`)).not.toBe(readlinkSync('/proc/self/ns/time'));
    expect((await world.run(keeper, ['readlink', '/proc/self/ns/time'])).output.trim()).toBe(
      readlinkSync(`/proc/${keeper.info.initPid}/ns/time`),
    );
    await keeper.kill();
    expect(await world.traces(base)).toEqual([]);
  });

  it('runs without a user namespace when the plan has none', async () => {
    const base = world.plan({ namespaces: ['mount', 'pid', 'net', 'ipc', 'uts', 'cgroup'], idMap: { uid: [], gid: [] } });
    const layers = base.layers.map((layer) => ({ ...layer, idmapped: false }));
    const keeper = await world.keepers.launch({ ...base, layers });
    expect(readFileSync(`/proc/${keeper.info.initPid}/status`, 'utf8')).toMatch(/^Uid:\t0\t0/m);
    expect((await world.run(keeper, ['hostname'])).output).toBe('guest\n');
    expect(hostname()).not.toBe('guest');
    await keeper.kill();
    expect(await world.traces(base)).toEqual([]);
  });

  it('leaves nothing else in the run directory', async () => {
    const left = readdirSync(world.runDir).filter((name) => !name.endsWith('.end'));
    expect(left.sort()).toEqual(['keeper.log', 'nursery.pid', 'nursery.sock', 'stage']);
    expect(readFileSync(`${world.runDir}/keeper.log`, 'utf8')).toBe('');
  });
});
