import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { Logs } from './logs.ts';
import { launchStages } from './start-log.ts';
import { removeWorlds, World } from './testing/world.ts';

afterEach(removeWorlds);

async function started(world: World) {
  const row = await world.instance('c1', { config: { 'limits.kernel.core': '0' } });
  const start = await world.instances.state.begin('default', 'c1', { action: 'start', force: false, timeout: 10 });
  const view = await start.done;
  const text = (await new Logs(world.instances.logFiles, world.supervision).read(row, 'lxc.log')).toString();
  return { row, view, text };
}

it('each start leaves its plan and its stages', async () => {
  const { text } = await started(await World.make());
  expect(text).toMatch(/^lxc c1 \d{14}\.\d{3} INFO {5}plan - root: overlay of \d+ layers, \d+ mounts$/m);
  expect(text).toContain('plan - links: eth0 (veth)');
  expect(text).toContain('plan - limits: core=0:0');
  expect(text).toContain('plan - init: /sbin/init');
  expect(text).toContain(`start - stages done: ${launchStages.join(', ')}`);
  expect(text).not.toContain('ERROR');
});

it('a failed start leaves the stage that failed, its reason, and what was not reached', async () => {
  const world = await World.make();
  world.keepers.failure = { stage: 'sysctl', syscall: 'write', errno: 'EINVAL', path: '/proc/sys/net/x' };
  const { row, view, text } = await started(world);
  expect(view.err).toContain('sysctl');
  expect(text).toContain('INFO     plan - links: eth0 (veth)');
  expect(text).toMatch(/start - stages done: cgroup, .*, hostname$/m);
  expect(text).toMatch(/ERROR {4}start - stage that failed: sysctl: write \/proc\/sys\/net\/x: EINVAL$/m);
  expect(text).toMatch(/start - stages not reached: console, .*, exec$/m);
  await world.instances.state.begin('default', 'c1', { action: 'start', force: false, timeout: 10 }).then((start) => start.done);
  await world.instances.logFiles.written(row);
  // The next start is told of behind it.
  expect(readFileSync(world.instances.logFiles.path(row, 'lxc.log'), 'utf8').startsWith(text)).toBe(true);
});

it('one that fails in terms of a key has both the key and the stage', async () => {
  const world = await World.make();
  world.keepers.failure = { stage: 'rlimits', syscall: 'setrlimit', errno: 'EPERM', path: 'core' };
  const { text } = await started(world);
  expect(text).toContain('ERROR    start - stage that failed: rlimits: setrlimit core: EPERM');
  expect(text).toContain('ERROR    start - The kernel refuses limits.kernel.core=0: EPERM');
});

it('one that does not come to a plan says why', async () => {
  const world = await World.make();
  world.networks.attach = async () => {
    throw new Error('the bridge\nis gone');
  };
  const { text } = await started(world);
  expect(text).toMatch(/^lxc c1 \S+ ERROR {4}start - the bridge\?is gone\n$/);
});

it('an end that nobody asked for is noted', async () => {
  const world = await World.make();
  const { row, keeper } = await world.running('c1');
  await world.supervision.adopt();
  await world.housekeeping.reconcile();
  const told = world.lifecycle('instance-shutdown');
  keeper.finish('poweroff');
  await told;
  await world.instances.logFiles.written(row);
  expect(readFileSync(world.instances.logFiles.path(row, 'lxc.log'), 'utf8')).toMatch(/end - poweroff, init ended with /);
});

it('knows the stages by the names that the keeper gives them', () => {
  const keeper = resolve(import.meta.dirname, '../../../native/src/keeper');
  const sources = readdirSync(keeper)
    .filter((name) => name.endsWith('.cc'))
    .map((name) => readFileSync(join(keeper, name), 'utf8'));
  for (const stage of launchStages)
    expect(
      sources.some((text) => text.includes(`"${stage}"`)),
      stage,
    ).toBe(true);
});
