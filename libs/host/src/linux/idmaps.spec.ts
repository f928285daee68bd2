import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { IdMaps } from './idmaps.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idmaps-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function rangeOf(subuid: string | null, subgid: string | null): Promise<unknown> {
  const paths = { subuid: join(directory, 'subuid'), subgid: join(directory, 'subgid') };
  if (subuid !== null) await writeFile(paths.subuid, subuid);
  if (subgid !== null) await writeFile(paths.subgid, subgid);
  return new IdMaps(paths).defaultRange();
}

describe('the default id range', () => {
  it('begins at 1000000 on a host without delegations', async () => {
    expect(await rangeOf(null, null)).toEqual({ inside: 0, outside: 1_000_000, count: 65_536 });
    expect(await rangeOf('ann:100000:65536\n', 'ann:100000:65536\n')).toEqual({ inside: 0, outside: 1_000_000, count: 65_536 });
  });

  it('steps over ids that other users own', async () => {
    expect(await rangeOf('ann:1000000:65536\n', 'bob:1065536:65536\n')).toMatchObject({ outside: 1_131_072 });
    expect(await rangeOf('ann:999999:2\n', '')).toMatchObject({ outside: 1_000_001 });
  });

  it("is root's own one, by name or by number", async () => {
    expect(await rangeOf('root:500000:65536\n', 'root:500000:65536\n')).toMatchObject({ outside: 500_000 });
    expect(await rangeOf('# comment\n\n0:500000:1000000\n', '0:500000:65536')).toMatchObject({ outside: 500_000, count: 65_536 });
  });

  it('is one that both files have', async () => {
    expect(await rangeOf('root:100000:65536\nroot:2000000:200000\n', 'root:2000100:100000\n')).toMatchObject({ outside: 2_000_100 });
  });

  it.each([
    ['too small', 'root:100000:65535\n', 'root:100000:65535\n'],
    ['apart', 'root:100000:65536\n', 'root:200000:65536\n'],
    ['in one file only', 'root:100000:65536\n', 'ann:100000:65536\n'],
  ])('is refused where the ranges are %s', async (_, subuid, subgid) => {
    await expect(rangeOf(subuid, subgid)).rejects.toMatchObject({ code: 'host.no_id_range' });
  });

  it("never holds the host's own root", async () => {
    expect(await rangeOf('root:0:65536\n', 'root:0:65536\n')).toMatchObject({ outside: 1_000_000 });
  });
});
