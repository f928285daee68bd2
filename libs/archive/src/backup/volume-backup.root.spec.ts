import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '#lib/base';
import { makeKinds, sumOfTree } from '../../../host/src/testing/hard-tree.ts';
import { lackOfRoot, titled } from '../../../host/src/testing/needs.ts';
import { packed } from '../pack/packed.ts';
import { confinement, lackOfConfinement, type SampleMember, writeSample } from '../testing/samples.ts';
import { checkBackup } from './check.ts';
import { volumeBackup } from './kinds.ts';
import { unpackBackup } from './unpack.ts';

const run = promisify(execFile);
const why = lackOfRoot('tar', 'find', 'zstd', 'perl', 'setfattr', 'getfattr') || lackOfConfinement();
const { signal } = new AbortController();

let place = '';
const at = (name: string) => join(place, name);
const inside = async (directory: string, script: string) =>
  (await run('sh', ['-ec', `cd ${directory}; ${script}`], { maxBuffer: 1 << 24 })).stdout;

beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-volume-backup-');
  for (const name of ['tree', 'out', 'secret']) await mkdir(at(name));
});
afterEach(() => rm(place, { recursive: true, force: true }));

async function packTree(): Promise<void> {
  const how = { compression: { program: 'zstd', level: 1 } as const, confinement: confinement(), signal };
  const archive = packed(how, async (pack) => {
    await pack.file('backup/index.yaml', 'snapshots: []\n');
    await pack.openTree('backup/volume', at('tree'), confinement());
  });
  await pipeline(archive, createWriteStream(at('archive')));
}

const check = () => checkBackup(volumeBackup, at('archive'), (index) => index as JsonObject & { snapshots: string[] }, confinement());
const unpack = async () =>
  unpackBackup(at('out'), {
    ...{ kind: volumeBackup, path: at('archive'), owners: null, snapshots: new Map<string, null>() },
    ...{ confinement: confinement(), signal },
  });

describe.skipIf(why !== '')(titled('backups of volumes', why), () => {
  it('hold all of a hard tree but its sockets, with what a guest has of overlayfs', async () => {
    await mkdir(join(at('tree'), 'etc'));
    await writeFile(join(at('tree'), 'etc/motd'), '');
    await inside(at('tree'), `${makeKinds} rm kinds/node; mkdir dev; mknod kinds/gone c 0 0; echo x > dev/mine; echo x > metadata.yaml`);
    await inside(at('tree'), 'setfattr -n user.overlay.opaque -v y kinds/sub; chown 33:44 .; chmod 2750 .');
    await packTree();
    await check();
    const { whole } = await unpack();
    await inside(at('tree'), 'rm kinds/socket; touch -d @1 kinds');
    await inside(whole, 'touch -d @1 kinds');
    expect(await inside(whole, sumOfTree)).toBe(await inside(at('tree'), sumOfTree));
  }, 120_000);

  it('are whole, and show nothing of the host, whatever is done to the volume meanwhile', async () => {
    await writeFile(join(at('secret'), 'word'), 'of the host');
    await inside(at('tree'), 'mkdir -p a/b many; for i in $(seq 2000); do echo $i > many/$i; done; echo own > a/word');
    const restless = `cd ${at('tree')}; while :; do
      mv a b; ln -s ${at('secret')} a; rm a; mv b a; rm -f many/1*; for i in 1 10 11 12; do echo $i > many/$i; done; echo more >> many/2; > many/3
    done`;
    const guest = spawn('sh', ['-c', restless], { stdio: 'ignore' });
    try {
      for (let times = 0; times < 8; times++) {
        await packTree();
        await check();
        const listed = await inside(place, 'zstd -dc archive | tar -xO --wildcards "*/word" || true');
        expect(listed).not.toContain('of the host');
      }
    } finally {
      guest.kill('SIGKILL');
    }
  }, 60_000);

  const index: SampleMember = [{ name: 'backup/index.yaml' }, 'snapshots: [s]\n'];
  const volume: SampleMember = [{ name: 'backup/volume/', type: 'directory' }];
  const snapshot: SampleMember = [{ name: 'backup/volume-snapshots/s/', type: 'directory' }];

  it.each<[string, SampleMember[], string]>([
    ['of an instance', [index, [{ name: 'backup/container/', type: 'directory' }]], 'is no part of the backup of a custom volume'],
    ['without the volume', [index, snapshot], 'it holds no directory backup/"volume"'],
    ['without a snapshot', [index, volume], 'it holds no directory backup/"volume-snapshots/s"'],
    ['with a symlink for the volume', [index, [{ name: 'backup/volume', type: 'symlink', linkname: '/' }]], 'is not a directory'],
    ['of a block device', [index, [{ name: 'backup/volume.img' }, '']], 'is no part of the backup of a custom volume'],
    [
      'with a device node',
      [index, volume, [{ name: 'backup/volume/dev/null', type: 'character-device', devmajor: 1, devminor: 3 }]],
      'is a device node',
    ],
    [
      'with a file behind a symlink',
      [index, volume, [{ name: 'backup/volume/a', type: 'symlink', linkname: '/etc' }], [{ name: 'backup/volume/a/passwd' }, 'x']],
      'lies behind the symlink',
    ],
    [
      'with a link into another part',
      [index, volume, snapshot, [{ name: 'backup/volume/a', type: 'link', linkname: 'backup/volume-snapshots/s/a' }]],
      'which is of something else',
    ],
    ['with a path upward', [index, volume, [{ name: 'backup/volume/../../x' }, 'x']], 'is not written plainly'],
  ])('are refused %s', async (_what, members, text) => {
    await writeSample(at('archive'), members);
    await expect(check()).rejects.toThrow(text);
  });
});
