import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing, parentOf, World } from './keeper-world.ts';

const reason = missing();
const rounds = 30;
const bridge = `kt${process.pid}`.slice(0, 15);

function median(values: readonly number[]): string {
  return ([...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN).toFixed(2);
}

/** Prints what a launch, an exec and a kill take; judges only memory. */
describe.skipIf(reason !== null)(`the cost of a keeper${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  beforeAll(async () => {
    execFileSync('ip', ['link', 'add', bridge, 'type', 'bridge']);
    execFileSync('ip', ['link', 'set', bridge, 'up']);
    world = new World();
    await world.keepers.prepare();
  });
  afterAll(async () => {
    await world.dispose();
    execFileSync('ip', ['link', 'del', bridge]);
  });

  it('is a few milliseconds and less than half a megabyte', async () => {
    const times = { launch: [] as number[], exec: [] as number[], kill: [] as number[], pss: [] as number[] };
    const timed = async <T>(into: number[], action: () => Promise<T>): Promise<T> => {
      const start = performance.now();
      const result = await action();
      into.push(performance.now() - start);
      return result;
    };
    for (let i = 0; i < rounds; i += 1) {
      const links = [
        {
          kind: 'veth' as const,
          hostName: `kv${process.pid % 100000}x${i}`,
          name: 'eth0',
          bridge,
          mac: '00:16:3e:00:00:01',
          hostMac: null,
          mtu: null,
        },
      ];
      const plan = world.plan({ links });
      const keeper = await timed(times.launch, () => world.keepers.launch(plan));
      await timed(times.exec, () => world.run(keeper, ['/bin/true']));
      await timed(times.exec, () => world.run(keeper, ['/bin/true']));
      const rollup = readFileSync(`/proc/${parentOf(keeper.info.initPid)}/smaps_rollup`, 'utf8');
      times.pss.push(Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]));
      await timed(times.kill, () => keeper.kill());
      expect(await world.traces(plan)).toEqual([]);
    }
    const line = (name: 'launch' | 'exec' | 'kill'): string =>
      `${name} ${median(times[name])} (least ${Math.min(...times[name]).toFixed(2)}) ms`;
    process.stdout.write(`median of ${rounds}: ${line('launch')}, ${line('exec')}, ${line('kill')}, PSS ${median(times.pss)} kB\n`);
    expect(Math.max(...times.pss)).toBeLessThan(512);
  });
});
