import { open } from 'node:fs/promises';
import type { ConfinedOptions, Confinement } from '#lib/host';
import { type ArchiveFormat, decompressors } from './archive-format.ts';
import type { Tarball } from './read-tar.ts';

/**
 * Owners by number, modes and extended attributes as they are in the archive. Attributes that only the host's root may
 * write mean nothing in a guest; overlay's own are left out, for in a lower layer they would be read as the kernel's. ACLs come
 * as attributes, as LXD reads them too: GNU tar's other form of them (--acls) has names of users, which mean nothing here, and
 * asking for it would take away those that came as attributes.
 */
const tarFlags = [
  '--numeric-owner',
  '--same-owner',
  '--same-permissions',
  '--delay-directory-restore',
  '--xattrs',
  '--xattrs-include=user.*',
  '--xattrs-include=security.capability',
  '--xattrs-include=system.posix_acl_*',
  '--warning=no-timestamp',
  '--warning=no-unknown-keyword',
  '--anchored',
];

/**
 * Unpacks a tarball whose members are checked. `leftOut`: patterns of tar, without what may stand before a path. `keepsMarks`: no
 * overlay of the server's will stand on the tree, so what overlayfs reads is a guest's own there.
 */
export async function unpackTar(
  { path, format, signal }: Tarball,
  given: Pick<ConfinedOptions, 'tree' | 'owners'>,
  leftOut: readonly string[],
  confinement: Confinement,
  keepsMarks = false,
): Promise<void> {
  const marks = keepsMarks ? [] : [overlayMarks];
  const exclude = leftOut.flatMap((pattern) => ['', './', '/'].map((start) => `--exclude=${start}${pattern}`));
  const file = await open(path, 'r');
  try {
    const stdio: [number, 'ignore'] = [file.fd, 'ignore'];
    await confinement.start('tar', [...tarFlags, ...marks, ...exclude, ...decompressor(format), '-xf', '-'], {
      ...given,
      stdio,
      signal,
    }).done;
  } finally {
    await file.close();
  }
}

/** Leaves out what overlayfs reads of the files of a lower layer. */
export const overlayMarks = '--xattrs-exclude=user.overlay.*';

/** tar runs the program itself, so that the bytes go from pipe to pipe. It adds `-d`. */
function decompressor(format: Exclude<ArchiveFormat, 'squashfs'>): string[] {
  return format === 'tar' ? [] : ['-I', decompressors[format].filter((word) => word !== '-d').join(' ')];
}
