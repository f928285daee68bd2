import { LxError } from '#lib/contract';
import { shown, type TarMember } from './tar-reader.ts';

/** What an archive holds: all of an image, its metadata alone, its root file system alone, or any files (`volume`). */
export type Contents = 'unified' | 'metadata' | 'rootfs' | 'volume';

/** Bytes; a metadata.yaml with templates is a few KiB. */
export const metadataLimit = 1024 * 1024;

const entryLimit = 4_000_000;
/** Leaves room in PATH_MAX for the directories the tree is unpacked under. */
const pathLimit = 3072;

/**
 * Rules for the members of an archive, given one after the other in the order of the archive. A member that could
 * reach outside the directory the archive is unpacked in, now or on the way of a later member, refuses the whole archive.
 * A leading slash is taken off, as tar does and LXD.
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

  /** Returns the member's path without slashes at its ends and empty pieces; '' for the top. LxError 'image.invalid'. */
  take({ name, type, linkname }: Pick<TarMember, 'name' | 'type' | 'linkname'>): string {
    if (++this.#count > entryLimit) throw new LxError('image.too_large', { limit: entryLimit });
    const path = this.#inside(name, name);
    this.#refuseBehindSymlink(name, path);
    this.#checkFixedNames(name, path, type);
    const leftOut = this.#isLeftOut(name);
    if (isNode(type) && !leftOut && !(type === 'whiteout' && this.contents === 'volume')) throw refuse(name, this.#nodeWords);
    if (type === 'link') this.#takeLink(name, linkname, path);
    if (type === 'symlink') this.#symlinks.add(path);
    if (type !== 'directory' && !isNode(type)) this.#files.add(path);
    this.#hasRoot ||= this.contents === 'rootfs' ? path !== '' : /^rootfs(\/|$)/.test(path);
    return path;
  }

  get #nodeWords(): string {
    return this.contents === 'volume' ? 'is a device node' : 'is a device node outside dev/';
  }

  /** Whether unpacking leaves the member out, by the patterns that tar is given: they know plain spellings alone. */
  #isLeftOut(name: string): boolean {
    return this.contents !== 'volume' && name.replace(/^(\.\/|\/)/, '').startsWith(`${this.#root}dev/`);
  }

  #checkFixedNames(name: string, path: string, type: string): void {
    if (path === 'rootfs' && this.#root !== '' && type !== 'directory') throw refuse(name, 'is not a directory');
    if (this.contents === 'rootfs' || this.contents === 'volume') return;
    if (path === 'metadata.yaml' && type !== 'file') throw refuse(name, 'is not a plain file');
    if (path === 'templates' && type !== 'directory') throw refuse(name, 'is not a directory');
  }

  /** Call after the last member. */
  finish(): void {
    if (this.contents === 'unified' && !this.#hasRoot) throw new LxError('image.invalid', { reason: 'it holds no directory rootfs' });
    if (this.contents === 'rootfs' && !this.#hasRoot) throw new LxError('image.invalid', { reason: 'the root file system is empty' });
  }

  #takeLink(name: string, linkname: string, path: string): void {
    const target = this.#inside(name, linkname);
    this.#refuseBehindSymlink(name, target);
    const dev = `${this.#root}dev/`;
    const leavesOut = this.contents !== 'volume';
    // A second name of a device, say; neither of the two is unpacked.
    if (leavesOut && path.startsWith(dev) && target.startsWith(dev)) return;
    if (leavesOut && target.startsWith(dev)) throw refuse(name, 'is a hard link to something in dev/, which is not unpacked');
    if (!this.#files.has(target)) throw refuse(name, `is a hard link to ${shown(linkname)}, which does not come before it`);
    if (this.#root !== '' && !target.startsWith(this.#root)) throw refuse(name, 'is a hard link to something outside rootfs');
  }

  #inside(name: string, path: string): string {
    if (Buffer.byteLength(path, 'latin1') > pathLimit) throw refuse(name, `has a path of more than ${pathLimit} bytes`);
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..')) throw refuse(name, 'has .. in its path');
    if (path.includes('\0')) throw refuse(name, 'has a NUL in its path');
    return parts.join('/');
  }

  #refuseBehindSymlink(name: string, path: string): void {
    if (this.#symlinks.size === 0) return;
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      if (this.#symlinks.has(path.slice(0, end))) throw refuse(name, `lies behind the symlink ${shown(path.slice(0, end))}`);
    }
  }
}

function refuse(name: string, what: string): LxError {
  return new LxError('image.invalid', { reason: `the member ${shown(name)} ${what}` });
}

function isNode(type: TarMember['type']): boolean {
  return type.endsWith('-device') || type === 'whiteout';
}
