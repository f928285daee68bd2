import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const metadata = `architecture: x86_64
creation_date: 1700000000
properties:
  description: Packed by hand
  os: Tiny
  release: "1"
`;

/** A tree of `metadata.yaml` and a root file system of the host's static busybox, which starts and stops. */
export async function imageTree(directory: string): Promise<string> {
  const tree = join(directory, 'tree');
  for (const path of ['sbin', 'bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'root'])
    await mkdir(join(tree, 'rootfs', path), { recursive: true });
  await writeFile(join(tree, 'metadata.yaml'), metadata);
  await run('cp', ['/bin/busybox', join(tree, 'rootfs/bin/busybox')]);
  await run('ln', ['-sf', 'busybox', join(tree, 'rootfs/bin/sh')]);
  await run('ln', ['-sf', 'busybox', join(tree, 'rootfs/bin/cat')]);
  await run('ln', ['-sf', '../bin/busybox', join(tree, 'rootfs/sbin/init')]);
  await writeFile(join(tree, 'rootfs/etc/motd'), 'packed by hand\n');
  return tree;
}

/** A unified image, gzipped; returns its path. */
export async function packUnified(directory: string): Promise<string> {
  const tree = await imageTree(directory);
  const file = join(directory, 'unified.tar.gz');
  await run('tar', ['-C', tree, '--owner=0', '--group=0', '-czf', file, 'metadata.yaml', 'rootfs']);
  return file;
}
