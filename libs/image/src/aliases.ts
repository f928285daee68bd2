import { LxError, refuse } from '#lib/contract';
import { type ImageAliasRow, RowConflict, RowMissing, type Store } from '#lib/store';

export interface AliasTarget {
  description?: string | undefined;
  /** Fingerprint; a unique prefix will do. */
  target?: string | undefined;
}

/** Names for images. */
export class Aliases {
  constructor(
    private readonly store: Store,
    /** Whole fingerprint for a prefix; LxError 'image.not_found'. */
    private readonly fingerprintOf: (project: string, prefix: string) => Promise<string>,
  ) {}

  list(project: string): Promise<ImageAliasRow[]> {
    return this.store.images.aliases(project);
  }

  /** LxError 'alias.not_found'. */
  async get(project: string, name: string): Promise<ImageAliasRow> {
    const row = await this.store.images.alias(project, name);
    if (row === null) throw new LxError('alias.not_found');
    return row;
  }

  async create(project: string, name: string, { description = '', target = '' }: AliasTarget): Promise<ImageAliasRow> {
    refuse([...aliasProblems(name), ...(target === '' ? ['No target provided for the alias'] : [])]);
    if ((await this.store.images.alias(project, name)) !== null) throw new LxError('alias.exists', { name });
    const row = { project, name, description, fingerprint: await this.fingerprintOf(project, target) };
    await this.store.images.insertAlias(row).catch(conflict(name));
    return row;
  }

  async update(project: string, name: string, { description, target }: AliasTarget): Promise<void> {
    await this.get(project, name);
    const fingerprint = target === undefined ? undefined : await this.fingerprintOf(project, target);
    await this.store.images
      .updateAlias(project, name, {
        ...(description === undefined ? {} : { description }),
        ...(fingerprint === undefined ? {} : { fingerprint }),
      })
      .catch(missing);
  }

  async rename(project: string, name: string, newName: string): Promise<void> {
    refuse(aliasProblems(newName));
    await this.get(project, name);
    if (newName === name) return;
    if ((await this.store.images.alias(project, newName)) !== null) throw new LxError('alias.exists', { name: newName });
    await this.store.images.updateAlias(project, name, { name: newName }).catch(missing).catch(conflict(newName));
  }

  async delete(project: string, name: string): Promise<void> {
    await this.get(project, name);
    await this.store.images.deleteAlias(project, name).catch(missing);
  }
}

/** Problems of an alias's name, in a list. Slashes are usual (debian/12). */
export function aliasProblems(name: string): string[] {
  if (name === '') return ['No name provided for the alias'];
  if (name.length > 255 || /[\s\p{Cc}]/u.test(name))
    return [`Invalid alias name ${JSON.stringify(name)}: at most 255 characters, no spaces`];
  return [];
}

function missing(problem: unknown): never {
  if (problem instanceof RowMissing) throw new LxError('alias.not_found', undefined, { cause: problem });
  throw problem;
}

function conflict(name: string) {
  return (problem: unknown): never => {
    if (problem instanceof RowConflict) throw new LxError('alias.exists', { name }, { cause: problem });
    throw problem;
  };
}
