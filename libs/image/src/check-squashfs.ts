import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type Contents, metadataLimit, readHead } from '#lib/archive';
import { LxError } from '#lib/contract';
import { type Confinement, outputOf } from '#lib/host';

export interface SquashfsCheck {
  path: string;
  contents: Contents;
  signal?: AbortSignal | undefined;
}

/**
 * Checks a squashfs. Its names are single components by nature, and unsquashfs refuses `..` and slashes in them, so what
 * is left to check is that it is whole, and its device nodes. Returns the text of metadata.yaml for a unified image.
 */
export async function checkSquashfs({ path, contents, signal }: SquashfsCheck, confinement: Confinement): Promise<string | null> {
  const head = await readHead(path, 96);
  // Superblock: bytes_used is a little-endian u64 at offset 40 (squashfs_fs.h).
  const needed = head.length === 96 ? Number(head.readBigUInt64LE(40)) : Number.POSITIVE_INFINITY;
  if (needed > (await stat(path)).size) throw new LxError('image.invalid', { reason: 'the squashfs is cut short' });
  await checkMembers({ path, contents, signal }, confinement);
  if (contents !== 'unified') return null;
  try {
    const options = { archive: path, stdio: ['ignore', 'pipe'] as ['ignore', 'pipe'], signal };
    return await outputOf(confinement.start('unsquashfs', ['-cat', '/archive', 'metadata.yaml'], options), 'unsquashfs', metadataLimit);
  } catch (error) {
    if (error instanceof LxError) throw error;
    return null;
  }
}

async function checkMembers({ path, contents, signal }: SquashfsCheck, confinement: Confinement): Promise<void> {
  const running = confinement.start('unsquashfs', ['-lln', '/archive'], { archive: path, stdio: ['ignore', 'pipe'], signal });
  const root = contents === 'unified' ? 'rootfs/' : '';
  let members = 0;
  let refused: string | null = null;
  for await (const line of createInterface({ input: running.stdout as NodeJS.ReadableStream })) {
    // -rw-r--r-- 0/0   1024 2023-01-01 00:00 squashfs-root/etc/motd
    const at = line.indexOf(top);
    if (at === -1) continue;
    const name = line.slice(at + top.length);
    if (name.startsWith(root)) members++;
    refused ??= memberProblem(line.charAt(0), name, root);
  }
  await running.done.catch((error: unknown) => {
    if (error instanceof LxError) throw error;
    if (signal?.aborted) throw new LxError('image.cancelled', undefined, { cause: error });
    throw new LxError('image.invalid', { reason: `the squashfs is damaged (${(error as Error).message})` }, { cause: error });
  });
  if (refused !== null) throw new LxError('image.invalid', { reason: `the member ${refused}` });
  if (members > 0) return;
  throw new LxError('image.invalid', { reason: root === '' ? 'the root file system is empty' : 'it holds no directory rootfs' });
}

const top = ' squashfs-root/';

/** `kind`: the first letter of a line of ls(1). */
function memberProblem(kind: string, name: string, root: string): string | null {
  if ('bc'.includes(kind) && !name.startsWith(`${root}dev/`)) return `${JSON.stringify(name)} is a device node outside dev/`;
  if (root !== '' && name === 'templates' && kind !== 'd') return '"templates" is not a directory';
  return null;
}
