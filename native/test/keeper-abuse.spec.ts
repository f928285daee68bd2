import { chmodSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { closeFd, type Keeper, type LaunchPlan, pipe } from '#lib/host';
import { abuseProgram } from '../../e2e/harness/abuse.ts';
import { missing, World } from './keeper-world.ts';

const reason = missing();

describe.skipIf(reason !== null)(`a guest that does its worst to its keeper${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  let plan: LaunchPlan;
  let keeper: Keeper;
  const abuse = (...args: string[]) => world.run(keeper, ['/abuse', ...args]);
  const children = () => readFileSync(`/proc/${keeperPid()}/task/${keeperPid()}/children`, 'utf8').trim().split(/\s+/).filter(Boolean);
  const keeperPid = () => Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${keeper.info.initPid}/status`, 'utf8'))?.[1]);
  const launch = async (change: Partial<LaunchPlan> = {}) => {
    plan = world.plan(change);
    keeper = await world.keepers.launch(plan);
  };

  beforeAll(async () => {
    world = new World();
    writeFileSync(join(world.image, 'abuse'), abuseProgram());
    chmodSync(join(world.image, 'abuse'), 0o755);
    await world.keepers.prepare();
  });
  afterAll(() => world.dispose());

  it('leaves it no zombies: they would hold up the end of init for ever', async () => {
    await launch();
    const before = children();
    expect(await abuse('siblings', '2000')).toEqual({ code: 0, output: '' });
    // Each command that ends has the keeper reap what ended before it.
    while (children().length > before.length) await abuse();
    const { reason: why } = await keeper.kill();
    expect(why).toBe('killed');
    expect(await world.traces(plan)).toEqual([]);
  });

  it('cannot outlive its init as a child of the keeper', async () => {
    await launch();
    expect((await abuse('siblings', '10', '1000')).code).toBe(0);
    expect(children().length).toBeGreaterThanOrEqual(11);
    await keeper.kill();
    expect(await world.traces(plan)).toEqual([]);
  });

  it('gets true exit codes for its commands all the same', async () => {
    await launch();
    const codes = await Promise.all(
      Array.from({ length: 30 }, (_, code) => world.run(keeper, ['sh', '-c', `/abuse siblings 20; exit ${code}`])),
    );
    expect(codes.map(({ code }) => code)).toEqual(Array.from({ length: 30 }, (_, code) => code));
    await keeper.kill();
  });

  it('cannot keep its end from being seen by freezing the group of commands and making children of the keeper', async () => {
    // A controller that it can give to groups of its own, so that its group takes no process itself.
    const control = (sign: string) => (path: string) => writeFileSync(join(path, 'cgroup.subtree_control'), `${sign}hugetlb`);
    const parents = [join(world.v2, '..'), world.v2];
    onTestFinished(async () => {
      await keeper.kill();
      parents.reverse().forEach(control('-'));
    });
    parents.forEach(control('+'));
    await launch();
    const stdin = pipe();
    const stdout = pipe();
    const stdio = { terminal: false as const, stdin: stdin.read, stdout: stdout.write, stderr: stdout.write };
    // Before its group is taken from it; it goes on when there is something to read.
    const brood = 'read line; exec /abuse siblings 3000';
    const exec = await keeper.exec({ argv: ['/bin/sh', '-c', brood], env: ['PATH=/bin'], cwd: '/', uid: 0, gid: 0, stdio });
    const group = '/sys/fs/cgroup';
    // Who ended after the list was read is not moved.
    const freeze = `mkdir ${group}/own ${group}/.lxctl
      while read pid; do echo $pid > ${group}/own/cgroup.procs 2>/dev/null; done < ${group}/cgroup.procs
      echo +hugetlb > ${group}/cgroup.subtree_control && echo 1 > ${group}/.lxctl/cgroup.freeze`;
    expect(await world.run(keeper, ['sh', '-c', `${freeze} 2>&1`])).toEqual({ code: 0, output: '' });
    const stuck = world.run(keeper, ['true']).then(
      () => 'ran',
      (error: { code: string }) => error.code,
    );
    // The helper of that is in the frozen group before the keeper answers this.
    await keeper.clearLog();
    writeSync(stdin.write, 'x\n');
    expect(await exec.exited).toBe(0);
    // They die in their own time, and none of them stays a zombie.
    while (children().length > 20) await keeper.clearLog();
    expect(await keeper.kill()).toMatchObject({ reason: 'killed' });
    expect(['instance.not_running', 'ran']).toContain(await stuck);
    for (const fd of [stdin.read, stdin.write, stdout.read, stdout.write]) closeFd(fd);
    expect(await world.traces(plan)).toEqual([]);
  });

  it('is stopped when it only ever reboots', async () => {
    await launch({ init: { argv: ['/bin/busybox', 'reboot', '-f'], env: [], cwd: '/', uid: 0, gid: 0 } });
    const end = await keeper.ended;
    expect(end.reason).toBe('reboot-failed');
    expect(end.detail).toContain('rebooted more than 20 times within a minute');
    expect(await world.traces(plan)).toEqual([]);
  });

  it('has its console read no faster than is good for the host', async () => {
    await launch();
    const start = performance.now();
    expect((await world.run(keeper, ['sh', '-c', '/bin/busybox head -c 1000000 /dev/zero > /dev/console'])).code).toBe(0);
    // 64 KiB each 20 ms.
    expect(performance.now() - start).toBeGreaterThan(250);
    expect((await keeper.readLog()).length).toBe(plan.console.ringBytes);
    await keeper.kill();
  });

  it('cannot answer the daemon in the place of the kernel', async () => {
    await launch();
    expect((await keeper.network()).links.map((link) => link.name)).toEqual(['lo']);
    const { output } = await abuse('forge');
    // Its own socket is not in the list yet.
    expect(output).toMatch(/^0 sent, [1-9]\d* refused\n$/);
    expect((await keeper.network()).links.map((link) => link.name)).toEqual(['lo']);
    await keeper.kill();
  });

  it('fills a part of an answer only, with however many addresses', async () => {
    await launch();
    expect(await abuse('addresses', '5000')).toEqual({ code: 0, output: '' });
    expect((await keeper.network()).addresses.length).toBe(4096);
    await keeper.kill();
  });

  it.each([
    'ln -s /bin/nothing /sbin/init',
    '/bin/busybox mkfifo /sbin/init',
    'mkdir /sbin/init',
    ': > /sbin/init',
    'ln -s init /sbin/init',
    ':',
  ])('that spoils its init (%s) does not come back', async (script) => {
    await launch();
    const ended = keeper.ended;
    void world.run(keeper, ['sh', '-c', `/bin/busybox rm /sbin/init; ${script}; reboot -f`]);
    const { reason: why, detail } = await ended;
    expect(why).toBe('reboot-failed');
    expect(detail).toMatch(/^exec: execve \/sbin\/init: (ENOENT|EACCES|ELOOP|ENOEXEC)/);
    expect(await world.traces(plan)).toEqual([]);
  });

  it('gets no way to the program of its keeper by making that its init', async () => {
    await launch();
    const ended = keeper.ended;
    void world.run(keeper, ['sh', '-c', '/bin/busybox rm /sbin/init; ln -s /proc/self/exe /sbin/init; reboot -f']);
    // The keeper's program, as a command with wrong arguments.
    expect(await ended).toMatchObject({ reason: 'exited', status: 2 << 8 });
    expect(await world.traces(plan)).toEqual([]);
  });
});
