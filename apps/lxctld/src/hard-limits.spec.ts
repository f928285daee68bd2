import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { hardLimitsOf } from './hard-limits.ts';

let proc = '';
afterEach(() => rm(proc, { recursive: true, force: true }));

async function limits(capEff: string): Promise<Record<string, number>> {
  proc = await mkdtemp(join(tmpdir(), 'lxctl-proc-'));
  await mkdir(join(proc, 'self'));
  await mkdir(join(proc, 'sys/fs'), { recursive: true });
  const line = (name: string, soft: string, hard: string) => `${name.padEnd(26)}${soft.padEnd(21)}${hard.padEnd(21)}units`;
  const text = [line('Max open files', '1024', '20000'), line('Max core file size', '0', 'unlimited'), line('Max nice priority', '0', '0')];
  await writeFile(join(proc, 'self/limits'), `${text.join('\n')}\n`);
  await writeFile(join(proc, 'self/status'), `Name:\tx\nCapEff:\t${capEff}\n`);
  await writeFile(join(proc, 'sys/fs/nr_open'), '1048576\n');
  return hardLimitsOf(proc);
}

it('without CAP_SYS_RESOURCE the hard limits of the server are the most', async () => {
  expect(await limits('000001fffeffffff')).toEqual({ nofile: 20_000, nice: 0 });
});

it('with it only fs.nr_open is', async () => {
  expect(await limits('000001ffffffffff')).toEqual({ nofile: 1_048_576 });
});
