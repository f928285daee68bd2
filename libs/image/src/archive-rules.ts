import { LxError } from '#lib/contract';

/** What an archive holds: all of an image, its metadata alone, or its root file system alone. */
export type Contents = 'unified' | 'metadata' | 'rootfs';

export interface Member {
  name: string;
  type: string | null;
  linkname: string;
}

const entryLimit = 4_000_000;
/** Leaves room in PATH_MAX for the directories the tree is unpacked under. */
const pathLimit = 3072;
const known = new Set(['file', 'contiguous-file', 'directory', 'symlink', 'link', 'fifo', 'character-device', 'block-device']);

/**
 * Rules for the members of an image archive, given one after the other in the order of the archive. A member that could
 * reach outside the directory the archive is unpacked in, now or on the way of a later member, refuses the whole archive.
 */
export class ArchiveRules {
  readonly #symlinks = new Set<string>();
  /** What a hard link may point to. */
  readonly #files = new Set<string>();
  readonly #root: string;
  #count = 0;
  #hasRoot = false;

  constructor(readonly contents: Contents) {
    this.#root = contents === 'unified' ? 'rootfs/' : '';
  }

  /** Returns the member's path without `./` and trailing slashes; '' for the top. LxError 'image.invalid'. */
  take({ name, type, linkname }: Member): string {
    if (++this.#count > entryLimit) throw new LxError('image.too_large', { limit: entryLimit });
    if (type === null || !known.has(type)) throw refuse(name, 'is of a kind that images do not hold');
    const path = this.#inside(name, name);
    this.#refuseBehindSymlink(name, path);
    this.#checkFixedNames(name, path, type);
    const inDev = path.startsWith(`${this.#root}dev/`);
    if (type.endsWith('-device') && !inDev) throw refuse(name, 'is a device node outside dev/');
    if (type === 'link' && !inDev) this.#takeLink(name, linkname);
    if (type === 'symlink') this.#symlinks.add(path);
    if (type !== 'directory' && !type.endsWith('-device')) this.#files.add(path);
    this.#hasRoot ||= this.contents === 'rootfs' ? path !== '' : /^rootfs(\/|$)/.test(path);
    return path;
  }

  #checkFixedNames(name: string, path: string, type: string): void {
    if (path === 'rootfs' && this.#root !== '' && type !== 'directory') throw refuse(name, 'is not a directory');
    if (path === 'metadata.yaml' && this.contents !== 'rootfs' && type !== 'file') throw refuse(name, 'is not a plain file');
  }

  /** Call after the last member. */
  finish(): void {
    if (this.contents === 'unified' && !this.#hasRoot) throw new LxError('image.invalid', { reason: 'it holds no directory rootfs' });
    if (this.contents === 'rootfs' && !this.#hasRoot) throw new LxError('image.invalid', { reason: 'the root file system is empty' });
  }

  #takeLink(name: string, linkname: string): void {
    const target = this.#inside(name, linkname);
    this.#refuseBehindSymlink(name, target);
    if (!this.#files.has(target)) throw refuse(name, `is a hard link to ${JSON.stringify(linkname)}, which does not come before it`);
    if (this.#root !== '' && !target.startsWith(this.#root)) throw refuse(name, 'is a hard link to something outside rootfs');
  }

  #inside(name: string, path: string): string {
    if (path.startsWith('/')) throw refuse(name, 'has an absolute path');
    if (Buffer.byteLength(path) > pathLimit) throw refuse(name, `has a path of more than ${pathLimit} bytes`);
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw refuse(name, 'has .. in its path');
    if (path.includes('\0')) throw refuse(name, 'has a NUL in its path');
    return parts.join('/');
  }

  #refuseBehindSymlink(name: string, path: string): void {
    if (this.#symlinks.size === 0) return;
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      if (this.#symlinks.has(path.slice(0, end))) throw refuse(name, `lies behind the symlink ${JSON.stringify(path.slice(0, end))}`);
    }
  }
}

function refuse(name: string, what: string): LxError {
  const shown = name.length > 200 ? `${name.slice(0, 200)}...` : name;
  return new LxError('image.invalid', { reason: `the member ${JSON.stringify(shown)} ${what}` });
}
