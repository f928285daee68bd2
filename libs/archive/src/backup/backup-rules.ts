import { LxError, snapshotNameProblems } from '#lib/contract';
import { ArchiveRules } from '../archive-rules.ts';
import { shown, type TarMember } from '../tar-reader.ts';
import type { BackupKind } from './kinds.ts';

/** A member of a backup, by its path in what it is of: the `index`, the thing itself (`container`), or one of its snapshots (`snapshots/<name>`). */
export type Placed = { of: string; path: string } | null;

/**
 * Rules for the members of a backup in LXD's format, given one after the other: what is of the thing itself and of each
 * snapshot is under rules by itself, of an image of one file where it is an instance, and there is nothing else. Names are written plainly, so that what tar is told to
 * leave out is what is taken to be left out here.
 */
export class BackupRules {
  readonly #parts = new Map<string, ArchiveRules>();
  readonly #kind: BackupKind;

  constructor(kind: BackupKind) {
    this.#kind = kind;
  }

  /** LxError 'image.invalid'. */
  take(member: Pick<TarMember, 'name' | 'type' | 'linkname'>): Placed {
    const name = plain(member.name);
    if (name === null) throw refuse(member.name, 'has a name that is not written plainly');
    if (name === 'backup/index.yaml') {
      if (member.type !== 'file') throw refuse(name, 'is not a plain file');
      return { of: 'index', path: '' };
    }
    if (name === 'backup' || name === `backup/${this.#kind.snapshots}`) {
      if (member.type !== 'directory') throw refuse(name, 'is not a directory');
      return null;
    }
    const of = partOf(name, this.#kind);
    if (of === null) throw refuse(name, `is no part of the backup of ${this.#kind.name}`);
    const within = `backup/${of}`;
    if (name === within && member.type !== 'directory') throw refuse(name, 'is not a directory');
    const path = this.#rules(of).take({ ...member, name: name.slice(within.length + 1), linkname: this.#link(member, within) });
    return { of, path };
  }

  /**
   * The other name of a sparse member, which GNU tar never unpacks it by. It writes it as the file was called before it was put
   * into the archive, so it is of no part. LxError 'image.invalid'.
   */
  takeOther(name: string): void {
    if (plain(name) === null) throw refuse(name, 'has a name that is not written plainly');
  }

  /** Call after the last member. `snapshots`: those that the index names. LxError 'image.invalid'. */
  finish(snapshots: readonly string[]): void {
    const { whole, snapshots: within } = this.#kind;
    const parts = [whole, ...snapshots.map((name) => `${within}/${bytesOf(name)}`)];
    for (const of of parts) {
      const rules = this.#parts.get(of);
      if (!rules) throw new LxError('image.invalid', { reason: `it holds no directory backup/${shown(of)}` });
      rules.finish();
    }
    for (const of of this.#parts.keys())
      if (!parts.includes(of)) throw new LxError('image.invalid', { reason: `its index does not name the directory backup/${shown(of)}` });
  }

  /** Hard links name their target from the top of the archive; symlinks say what they like. */
  #link({ name, type, linkname }: Pick<TarMember, 'name' | 'type' | 'linkname'>, within: string): string {
    if (type !== 'link') return linkname;
    const target = plain(linkname);
    if (target === null || !target.startsWith(`${within}/`))
      throw refuse(name, `is a hard link to ${shown(linkname)}, which is of something else`);
    return target.slice(within.length + 1);
  }

  #rules(of: string): ArchiveRules {
    const known = this.#parts.get(of);
    if (known) return known;
    const rules = new ArchiveRules(this.#kind.contents);
    this.#parts.set(of, rules);
    return rules;
  }
}

/** Without `./` before and slashes after it; null when it is written in another way. */
function plain(name: string): string | null {
  const path = name.replace(/^\.\//, '').replace(/\/+$/, '');
  return path.split('/').some((part) => part === '' || part === '.' || part === '..') ? null : path;
}

function partOf(name: string, { whole, snapshots }: BackupKind): string | null {
  const [top, part, snapshot] = name.split('/');
  if (top !== 'backup') return null;
  if (part === whole) return whole;
  if (part !== snapshots || snapshot === undefined || snapshotNameProblems(textOf(snapshot)).length > 0) return null;
  return `${snapshots}/${snapshot}`;
}

/** Names of members hold a byte in a character. */
function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function refuse(name: string, what: string): LxError {
  return new LxError('image.invalid', { reason: `the member ${shown(name)} ${what}` });
}
