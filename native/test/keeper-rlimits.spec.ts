import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing, World } from './keeper-world.ts';

const reason = missing();
const CAP_SYS_RESOURCE = 24n;
const capabilities = BigInt(`0x${/^CapEff:\s+(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);
const mayRaise = (capabilities & (1n << CAP_SYS_RESOURCE)) !== 0n;
const most = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);

describe.skipIf(reason !== null || Number.isNaN(most))(`hard limits of a container${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
  });
  afterAll(() => world.dispose());

  const limits = (soft: number, hard: number) => world.plan({ rlimits: [{ resource: 'nofile', soft, hard }] });
  const seen = 'ulimit -Sn; ulimit -Hn; grep "open files" /proc/1/limits';

  it('are what the plan says, for init and for commands', async () => {
    const keeper = await world.keepers.launch(limits(100, 200));
    expect((await world.run(keeper, ['sh', '-c', seen])).output).toMatch(/^100\n200\nMax open files +100 +200 /);
    await keeper.kill();
  });

  it.skipIf(!mayRaise)('may be above those of the host (skipped without CAP_SYS_RESOURCE)', async () => {
    const keeper = await world.keepers.launch(limits(most + 1, most + 2));
    expect((await world.run(keeper, ['sh', '-c', seen])).output).toMatch(
      new RegExp(`^${most + 1}\\n${most + 2}\\nMax open files +${most + 1} +${most + 2} `),
    );
    await keeper.kill();
  });

  it.skipIf(mayRaise)('name themselves where the host may not raise them (skipped with CAP_SYS_RESOURCE)', async () => {
    const plan = limits(most + 1, most + 2);
    await expect(world.keepers.launch(plan)).rejects.toMatchObject({
      code: 'launch.failed',
      args: { stage: 'rlimits', syscall: 'prlimit', errno: 'EPERM', path: 'nofile' },
    });
    expect(await world.traces(plan)).toEqual([]);
  });
});
