import { lstat, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '#lib/base';
import { lackOfRoot, titled } from '../../../host/src/testing/needs.ts';
import { confinement, goodMetadata, lackOfConfinement, recompress, type SampleMember, writeSample } from '../testing/samples.ts';
import { checkBackup } from './check.ts';
import { containerBackup } from './kinds.ts';
import { unshifted } from './owners.ts';
import { unpackBackup } from './unpack.ts';

const why = lackOfRoot('tar', 'zstd') || lackOfConfinement();
const index = 'name: c1\nsnapshots: [s]\n';
const read = (document: JsonObject) => document as { name: string; snapshots: string[] };
const shifted = { uid: 100_000, gid: 100_000 };

/** As LXD makes them: what is the instance's is shifted, what is LXD's own is not. */
const members: readonly SampleMember[] = [
  [{ name: 'backup/index.yaml' }, index],
  ...['snapshots/s', 'container'].flatMap((of): SampleMember[] => [
    [{ name: `backup/${of}/`, type: 'directory', uid: 100_000, mode: 0o100 }],
    [{ name: `backup/${of}/backup.yaml`, mode: 0o400 }, 'container: {}'],
    [{ name: `backup/${of}/metadata.yaml` }, goodMetadata],
    [{ name: `backup/${of}/templates/`, type: 'directory' }],
    [{ name: `backup/${of}/templates/a.tpl` }, of],
    [{ name: `backup/${of}/rootfs/`, type: 'directory', mode: 0o755, ...shifted }],
    [{ name: `backup/${of}/rootfs/file`, uid: 100_033, gid: 100_044, mode: 0o4750 }, of],
    [{ name: `backup/${of}/rootfs/also`, type: 'link', linkname: `backup/${of}/rootfs/file`, uid: 100_033, gid: 100_044 }],
    [{ name: `backup/${of}/rootfs/dev/`, type: 'directory', ...shifted }],
    [{ name: `backup/${of}/rootfs/dev/null`, type: 'character-device', devmajor: 1, devminor: 3 }],
  ]),
];

let place = '';
let path = '';
let tree = '';

beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-backup-');
  path = join(place, 'sample');
  tree = join(place, 'tree');
  await mkdir(tree);
});
afterEach(() => rm(place, { recursive: true, force: true }));

const asSeen = unshifted([{ uids: true, gids: true, had: 100_000, seen: 0, count: 65_536 }]);
const unpack = (owners = asSeen, ofSnapshot = owners) =>
  unpackBackup(tree, {
    ...{ kind: containerBackup, path, owners, snapshots: new Map([['s', ofSnapshot]]) },
    ...{ confinement: confinement(), signal: new AbortController().signal },
  });

describe.skipIf(why !== '')(titled('backups', why), () => {
  it('are checked as a whole, and come with owners as the instance sees them', async () => {
    await writeSample(path, members);
    const { index: said, metadata } = await checkBackup(containerBackup, path, read, confinement());
    expect([said.name, metadata.architecture]).toEqual(['c1', 'amd64']);
    await recompress(path, 'zstd');
    const unpacked = await unpack();
    for (const part of [unpacked.whole, unpacked.snapshot('s')]) {
      const { uid, gid, mode, nlink } = await lstat(join(part, 'rootfs/file'));
      expect({ uid, gid, mode: mode & 0o7777, nlink }).toEqual({ uid: 33, gid: 44, mode: 0o4750, nlink: 2 });
      const root = await lstat(join(part, 'rootfs'));
      expect([root.uid, root.gid]).toEqual([0, 0]);
      expect(await readdir(join(part, 'rootfs/dev'))).toEqual([]);
      expect((await readdir(part)).sort()).toEqual(['metadata.yaml', 'rootfs', 'templates']);
    }
  });

  it('keep owners that nothing has shifted', async () => {
    await writeSample(path, members);
    const { whole } = await unpack(null);
    expect((await lstat(join(whole, 'rootfs/file'))).uid).toBe(100_033);
  });

  it('may be shifted in one part and not in another', async () => {
    await writeSample(path, members);
    const { whole, snapshot } = await unpack(asSeen, null);
    const owners = await Promise.all([whole, snapshot('s')].map(async (part) => (await lstat(join(part, 'rootfs/file'))).uid));
    expect(owners).toEqual([33, 100_033]);
    expect(await readdir(join(snapshot('s'), 'rootfs/dev'))).toEqual([]);
  });

  it('give nobody on the host a file, whatever they say of owners', async () => {
    const root = 'backup/container/rootfs';
    const closed: SampleMember = [{ name: `${root}/closed/`, type: 'directory', uid: 0, gid: 0, mode: 0o700 }];
    await writeSample(path, [...members, [{ name: `${root}/of-root`, uid: 0, gid: 0, mode: 0o6755 }, '#!'], closed]);
    await unpack();
    const { uid, gid } = await lstat(join(tree, root, 'of-root'));
    expect([uid, gid]).toEqual([2 ** 31, 2 ** 31]);
  });

  it('make no device nodes, wherever they are', async () => {
    const node = { type: 'character-device', devmajor: 1, devminor: 3 } as const;
    await writeSample(path, [...members, [{ name: 'backup/container/rootfs/null', ...node }]]);
    await expect(checkBackup(containerBackup, path, read, confinement())).rejects.toThrow('Invalid backup: the member');
    await expect(unpack()).rejects.toThrow('Failed to unpack the backup: tar: backup/container/rootfs/null');
  });

  it.each<[string, readonly SampleMember[], string]>([
    ['an index', members.slice(1), 'Backup is missing index.yaml'],
    ['one index', [...members, [{ name: 'backup/index.yaml' }, index]], 'it holds two indexes'],
    ['an index that is a map', [[{ name: 'backup/index.yaml' }, '[1]'], ...members.slice(1)], 'index.yaml is not a map'],
    ['an index that is YAML', [[{ name: 'backup/index.yaml' }, '{'], ...members.slice(1)], 'index.yaml is not YAML'],
  ])('hold %s', async (_what, sample, text) => {
    await writeSample(path, sample);
    await expect(checkBackup(containerBackup, path, read, confinement())).rejects.toThrow(`Invalid backup: ${text}`);
  });
});
