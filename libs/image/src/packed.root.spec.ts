import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { packed } from '#lib/archive';
import { lackOfRoot, titled } from '../../host/src/testing/needs.ts';
import { makeHardTree, sumOfTree } from '../../host/src/testing/hard-tree.ts';
import { confinement, goodMetadata, lackOfConfinement } from '../../archive/src/testing/samples.ts';
import { ArchiveChecks } from './check.ts';
import { unpackImage } from './unpack.ts';

const run = promisify(execFile);
const why = lackOfRoot('tar', 'find', 'zstd', 'perl', 'setfattr', 'getfattr') || lackOfConfinement();

it.skipIf(why !== '')(
  titled('a hard tree is the same after it was packed and unpacked, but for sockets and device nodes', why),
  async () => {
    const place = await mkdtemp('/tmp/lxctl-pack-');
    const inside = async (directory: string, script: string) =>
      (await run('sh', ['-ec', `cd ${directory}; ${script}`], { maxBuffer: 1 << 24 })).stdout;
    try {
      const [tree, out, archive] = ['tree', 'out', 'archive'].map((name) => join(place, name)) as [string, string, string];
      await mkdir(join(tree, 'etc'), { recursive: true });
      for (const name of ['dev', 'proc', 'sys']) await mkdir(join(tree, name), { mode: 0o755 });
      await writeFile(join(tree, 'etc/motd'), '');
      await chown(tree, 3, 4);
      await inside(tree, makeHardTree);
      const signal = new AbortController().signal;
      const how = { compression: { program: 'zstd', level: 1 } as const, confinement: confinement(), signal };
      const fill = async (pack: Parameters<Parameters<typeof packed>[1]>[0]) => {
        await pack.file('metadata.yaml', goodMetadata);
        await pack.tree('rootfs', tree);
      };
      await pipeline(packed(how, fill), createWriteStream(archive));
      await inside(tree, 'rm kinds/socket kinds/node; touch -d @1 kinds . dev proc sys');
      await new ArchiveChecks(confinement()).unified(archive);
      await mkdir(out);
      await unpackImage({ image: archive, rootfs: null }, out, confinement());
      await inside(join(out, 'rootfs'), 'touch -d @1 kinds . dev proc sys');
      expect(await inside(join(out, 'rootfs'), sumOfTree)).toBe(await inside(tree, sumOfTree));
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  },
  120_000,
);
