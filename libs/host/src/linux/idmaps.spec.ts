import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HostIds, IdMaps } from './idmaps.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idmaps-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function rangesOf(subuid: string | null, subgid: string | null): Promise<HostIds> {
  const paths = { subuid: join(directory, 'subuid'), subgid: join(directory, 'subgid') };
  if (subuid !== null) await writeFile(paths.subuid, subuid);
  if (subgid !== null) await writeFile(paths.subgid, subgid);
  return new IdMaps(paths).ranges();
}

const billion = 1_000_000_000;
const end = 0xffff_ffff;

describe('the ids of a host without delegations to root', () => {
  it('are shared from 1000000 on, as many as LXD takes, and those above are for single instances', async () => {
    const usual = { shared: { first: 1_000_000, count: billion }, own: [{ first: 1_001_000_000, count: end - 1_001_000_000 }] };
    expect(await rangesOf(null, null)).toEqual(usual);
    expect(await rangesOf('ann:100000:65536\n', 'ann:100000:65536\n')).toEqual(usual);
  });

  it('step over what other users own', async () => {
    const { shared, own } = await rangesOf('ann:1000000:65536\n', 'bob:1065536:65536\n');
    expect(shared).toEqual({ first: 1_131_072, count: billion });
    expect(own).toEqual([{ first: 1_001_131_072, count: end - 1_001_131_072 }]);
    expect((await rangesOf('ann:999999:2\n', '')).shared.first).toBe(1_000_001);
    expect(await rangesOf('ann:2000000:65536\n', '')).toEqual({
      shared: { first: 1_000_000, count: 1_000_000 },
      own: [{ first: 2_065_536, count: end - 2_065_536 }],
    });
  });
});

describe("the ids of root's own ranges", () => {
  it('are by name or by number, and the upper half of a single range is for single instances', async () => {
    expect(await rangesOf('root:500000:131072\n', 'root:500000:131072\n')).toEqual({
      shared: { first: 500_000, count: 65_536 },
      own: [{ first: 565_536, count: 65_536 }],
    });
    expect(await rangesOf('root:100000:10000001\n', 'root:100000:10000001\n')).toEqual({
      shared: { first: 100_000, count: 10_000_001 - 76 * 65_536 },
      own: [{ first: 100_000 + 10_000_001 - 76 * 65_536, count: 76 * 65_536 }],
    });
    expect(await rangesOf('# comment\n\n0:500000:1000000\n', '0:500000:65536')).toEqual({
      shared: { first: 500_000, count: 65_536 },
      own: [],
    });
  });

  it('are those that both files have; of several the first is shared', async () => {
    const both = 'root:100000:65536\nroot:2000000:200000\n';
    expect((await rangesOf(both, 'root:2000100:100000\n')).shared).toEqual({ first: 2_000_100, count: 100_000 });
    expect(await rangesOf(both, both)).toEqual({ shared: { first: 100_000, count: 65_536 }, own: [{ first: 2_000_000, count: 200_000 }] });
  });

  it.each([
    ['too small', 'root:100000:65535\n', 'root:100000:65535\n'],
    ['apart', 'root:100000:65536\n', 'root:200000:65536\n'],
    ['in one file only', 'root:100000:65536\n', 'ann:100000:65536\n'],
  ])('are refused where they are %s', async (_, subuid, subgid) => {
    await expect(rangesOf(subuid, subgid)).rejects.toMatchObject({ code: 'host.no_id_range' });
  });

  it("never hold the host's own root", async () => {
    expect((await rangesOf('root:0:65536\n', 'root:0:65536\n')).shared.first).toBe(1_000_000);
  });
});
