import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import addon from '#native';
import { type EndRecord, type Keeper, LinuxKeepers, LinuxProcesses } from '#lib/host';
import { keeperPath, missing, parentOf, World } from './keeper-world.ts';

const reason = missing();
const quick = { answer: 1000, adoption: 1000, kill: 1000, nursery: 1000 };

async function end(pid: number): Promise<void> {
  const process_ = await new LinuxProcesses().open(pid);
  process_?.signal(9);
  await process_?.ended;
  process_?.close();
}

const keeperOf = (keeper: Keeper): number => parentOf(keeper.info.initPid);

describe.skipIf(reason !== null)(`what is lost or does not answer${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  let said: string[];
  let keepers: LinuxKeepers;
  const other = (): LinuxKeepers =>
    new LinuxKeepers({ runDir: world.runDir, keeperPath, deadlines: quick, report: (message) => said.push(message) });
  beforeEach(async () => {
    world = new World();
    said = [];
    keepers = other();
    await keepers.prepare();
  });
  afterEach(async () => {
    keepers.release();
    await world.dispose();
  });

  it('a nursery that was killed is started again by the next launch, and watches the keepers that live', async () => {
    const first = await keepers.launch(world.plan());
    const before = world.nurseryPid();
    await end(before);
    const second = await keepers.launch(world.plan());
    expect(world.nurseryPid()).not.toBe(before);
    expect((await world.run(first, ['true'])).code).toBe(0);
    await end(keeperOf(first));
    expect(await first.ended).toMatchObject({ reason: 'killed', detail: expect.stringContaining('the keeper was killed') as string });
    await second.kill();
  });

  it('many launches at once go on when the nursery is killed among them', async () => {
    const launches = Array.from({ length: 8 }, () => keepers.launch(world.plan()));
    await end(world.nurseryPid());
    const made = await Promise.all(launches);
    for (const keeper of made) expect((await world.run(keeper, ['true'])).code).toBe(0);
    await Promise.all(made.map((keeper) => keeper.kill()));
  });

  it('a run directory that was deleted is made anew, its nursery ends itself, and running instances are found there again', async () => {
    const plan = world.plan();
    const keeper = await keepers.launch(plan);
    const nursery = await new LinuxProcesses().open(world.nurseryPid());
    rmSync(world.runDir, { recursive: true });
    await nursery?.ended;
    nursery?.close();
    const second = await keepers.launch(world.plan());
    expect((await world.run(keeper, ['true'])).code).toBe(0);
    // For the next daemon, and for the next nursery.
    const found = await other().survivors();
    expect(new Set(found.map((each) => each.info.initPid))).toEqual(new Set([keeper.info.initPid, second.info.initPid]));
    for (const each of found) each.close();
    await end(keeperOf(keeper));
    expect((await keeper.ended).detail).toContain('the keeper was killed');
    expect(await world.traces(plan)).toEqual([]);
    await second.kill();
  });

  it('links that came or went since the launch are cleared up behind a killed keeper, and no other that has the name of one', async () => {
    const [first, later] = [`kg${process.pid % 100_000}`, `kh${process.pid % 100_000}`];
    const veth = (hostName: string, name: string) => ({
      kind: 'veth' as const,
      hostName,
      name,
      bridge: null,
      mac: null,
      hostMac: null,
      mtu: null,
    });
    const plan = world.plan({ links: [veth(first, 'eth0')] });
    const keeper = await keepers.launch(plan);
    await keeper.unplug('eth0');
    await keeper.plug(veth(later, 'eth1'));
    const socket = new addon.RouteSocket();
    try {
      await socket.createVeth(first, { peer: `${first}p`, up: true });
      await end(keeperOf(keeper));
      await keeper.ended;
      const names = (await socket.links()).map(({ name }) => name);
      expect(names).toContain(first);
      expect(names).not.toContain(later);
      expect(await world.traces({ ...plan, links: [] })).toEqual([]);
    } finally {
      await socket.deleteLink(first);
      socket.close();
    }
  });

  it('a stopped nursery is replaced by the launch that waits for it', async () => {
    const stopped = world.nurseryPid();
    process.kill(stopped, 'SIGSTOP');
    const keeper = await keepers.launch(world.plan());
    expect(world.nurseryPid()).not.toBe(stopped);
    expect(said).toEqual([expect.stringContaining('does not answer')]);
    await keeper.kill();
  });

  it('a stopped nursery does not hold up the start of a daemon', async () => {
    keepers.release();
    const stopped = world.nurseryPid();
    process.kill(stopped, 'SIGSTOP');
    keepers = other();
    await keepers.prepare();
    expect(world.nurseryPid()).not.toBe(stopped);
  });

  it('a stopped keeper is taken as running until it answers, and then as it is', async () => {
    const [still, well] = [await keepers.launch(world.plan()), await keepers.launch(world.plan())];
    const pid = keeperOf(still);
    process.kill(pid, 'SIGSTOP');
    const next = other();
    const found = await next.survivors();
    const silent = found.find((keeper) => keeper.info.id === still.info.id) as Keeper;
    expect(found).toHaveLength(2);
    expect(silent.info.initPid).toBe(still.info.initPid);
    expect(said).toEqual([expect.stringContaining(still.info.id)]);
    await expect(silent.signal(0)).rejects.toThrow(/ETIMEDOUT/);
    process.kill(pid, 'SIGCONT');
    expect((await world.run(silent, ['true'])).code).toBe(0);
    expect((await silent.network()).links.map((link) => link.name)).toEqual(['lo']);
    await Promise.all([still.kill(), well.kill(), silent.ended]);
  });

  it('a stopped keeper is killed with its container, and nothing of it is left', async () => {
    const plan = world.plan();
    const keeper = await keepers.launch(plan);
    process.kill(keeperOf(keeper), 'SIGSTOP');
    const [silent] = await other().survivors();
    expect(await silent?.kill()).toMatchObject({ id: plan.id, reason: 'killed' });
    expect(await keeper.ended).toMatchObject({ reason: 'killed' });
    expect(await world.traces(plan)).toEqual([]);
  });

  it('half a record that a full disk or a killed writer has left is swept, but not that of a keeper that lives', async () => {
    const keeper = await keepers.launch(world.plan());
    const [dead, alive] = [join(world.runDir, '0-0.end.new'), join(world.runDir, `${keeper.info.id}.end.new`)];
    for (const path of [dead, alive]) writeFileSync(path, '{');
    await keepers.retire();
    keepers = other();
    await keepers.prepare();
    expect([dead, alive].map(existsSync)).toEqual([false, true]);
    const record: EndRecord = await keeper.kill();
    expect(record.reason).toBe('killed');
    expect(existsSync(alive)).toBe(false);
  });

  it('a command asked of a container that ends is told that it does not run', async () => {
    const keeper = await keepers.launch(world.plan());
    const killed = keeper.kill();
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => world.run(keeper, ['true'])));
    for (const each of asked) if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'instance.not_running' });
    expect(asked.some((each) => each.status === 'rejected')).toBe(true);
    await killed;
  });

  it('commands asked while a guest powers off run, or are told that it does not', async () => {
    const keeper = await keepers.launch(world.plan());
    const off = world.run(keeper, ['poweroff', '-f']).catch(() => undefined);
    for (let ended = false; !ended; ) {
      const [asked] = await Promise.allSettled([world.run(keeper, ['true'])]);
      ended = asked.status === 'rejected';
      if (asked.status === 'rejected') expect(asked.reason).toMatchObject({ code: 'instance.not_running' });
    }
    await off;
    await keeper.ended;
  });
});
