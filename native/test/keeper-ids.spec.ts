import { chmodSync, chownSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IdRange, Keeper } from '#lib/host';
import { abuseProgram } from '../../e2e/harness/abuse.ts';
import { missing, World } from './keeper-world.ts';

const reason = missing();
const block = 65_536;
const [first, second, shared] = [1_200_000_000, 1_200_000_000 + block, 1_300_000_000];
const own = (base: number): readonly IdRange[] => [
  { inside: 0, outside: base, count: block },
  { inside: block, outside: shared + block, count: 1_000_000 },
];

describe.skipIf(reason !== null)(`the ids of a container${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  const launch = (base: number): Promise<Keeper> => world.keepers.launch(world.plan({ idMap: { uid: own(base), gid: own(base) } }));

  beforeAll(async () => {
    world = new World();
    writeFileSync(join(world.image, 'abuse'), abuseProgram());
    chmodSync(join(world.image, 'abuse'), 0o755);
    writeFileSync(join(world.image, 'etc/theirs'), 'a directory user\n', { mode: 0o600 });
    chownSync(join(world.image, 'etc/theirs'), 200_000, 300_000);
    await world.keepers.prepare();
  });
  afterAll(() => world.dispose());

  it('are its own up to 65535, and those above keep their numbers too', async () => {
    const keeper = await launch(first);
    expect(readFileSync(`/proc/${keeper.info.initPid}/status`, 'utf8')).toMatch(new RegExp(`^Uid:\\t${first}\\t`, 'm'));
    expect((await world.run(keeper, ['stat', '-c', '%u %g', '/etc/theirs'])).output).toBe('200000 300000\n');
    const as = { uid: 200_000, gid: 300_000 };
    expect(await world.run(keeper, ['sh', '-c', 'id -u; cat /etc/theirs'], as)).toMatchObject({
      code: 0,
      output: '200000\na directory user\n',
    });
    expect((await world.run(keeper, ['sh', '-c', 'echo more >> /etc/theirs; stat -c "%u %g" /etc/theirs'])).output).toBe('200000 300000\n');
    // Nothing is shifted on disk.
    expect(statSync(join(world.image, 'etc/theirs'))).toMatchObject({ uid: 200_000, gid: 300_000, size: 17 });
    expect((await world.run(keeper, ['/bin/busybox', 'unshare', '-Ur', 'true'])).code).toBe(0);
    await keeper.kill();
  });

  it('are not used up by another with other ids, and with the same ones commands and starts go on', async () => {
    const greedy = await launch(first);
    const [made, why] = (await world.run(greedy, ['/abuse', 'keys'])).output.trim().split(' ');
    expect([Number(made) > 10, why]).toEqual([true, 'EDQUOT']);
    // Not always 0: the kernel gives back what an ended process held in its own time.
    const [again, whyAgain] = (await world.run(greedy, ['/abuse', 'keys'])).output.trim().split(' ');
    expect([Number(again) < 10, whyAgain]).toEqual([true, 'EDQUOT']);
    expect(await world.run(greedy, ['true'])).toEqual({ code: 0, output: '' });
    const twin = await launch(first);
    expect(await world.run(twin, ['true'])).toEqual({ code: 0, output: '' });

    const other = await launch(second);
    expect(Number((await world.run(other, ['/abuse', 'keys'])).output.split(' ')[0])).toBeGreaterThan(10);
    // They are held in the background until the end.
    const watches = async (keeper: Keeper) => (await world.run(keeper, ['sh', '-c', '/abuse watches &'])).output.trim().split(' ');
    expect(Number((await watches(greedy))[0])).toBeGreaterThan(10);
    expect(await watches(twin)).toEqual(['0', 'EMFILE']);
    expect(Number((await watches(other))[0])).toBeGreaterThan(10);
    await Promise.all([greedy.kill(), twin.kill(), other.kill()]);
  });
});
