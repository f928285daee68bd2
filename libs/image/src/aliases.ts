import { LxError, refuse } from '#lib/contract';
import { type ImageAliasRow, type ImageRow, RowConflict, RowMissing, type Store } from '#lib/store';

export interface AliasTarget {
  description?: string | undefined;
  /** Fingerprint; a unique prefix will do. */
  target?: string | undefined;
}

/** Names for images. */
export class Aliases {
  readonly #store: Store;
  readonly #fingerprintOf: (project: string, prefix: string) => Promise<string>;

  /** `fingerprintOf`: whole fingerprint for a prefix; LxError 'image.not_found'. */
  constructor(store: Store, fingerprintOf: (project: string, prefix: string) => Promise<string>) {
    this.#store = store;
    this.#fingerprintOf = fingerprintOf;
  }

  list(project: string): Promise<ImageAliasRow[]> {
    return this.#store.images.aliases(project);
  }

  /** LxError 'alias.not_found'. */
  async get(project: string, name: string): Promise<ImageAliasRow> {
    const row = await this.#store.images.alias(project, name);
    if (row === null) throw new LxError('alias.not_found');
    return row;
  }

  /** Before an image is made that is to have the name. `mayBe`: of which fingerprint it may be already. LxError 'alias.exists'. */
  async refuseTaken(project: string, name: string, mayBe: (fingerprint: string) => boolean = () => false): Promise<void> {
    refuse(aliasProblems(name));
    const alias = await this.#store.images.alias(project, name);
    if (alias !== null && !mayBe(alias.fingerprint)) throw new LxError('alias.exists', { name });
  }

  async create(project: string, name: string, { description = '', target = '' }: AliasTarget): Promise<ImageAliasRow> {
    refuse(name === '' || target === '' ? ['name and target are required'] : aliasProblems(name));
    if ((await this.#store.images.alias(project, name)) !== null) throw new LxError('alias.exists', { name });
    const row = { project, name, description, fingerprint: await this.#fingerprintOf(project, target) };
    await this.#store.images.insertAlias(row).catch(conflict(name));
    return row;
  }

  async update(project: string, name: string, { description, target }: AliasTarget): Promise<void> {
    await this.get(project, name);
    const fingerprint = target === undefined ? undefined : await this.#fingerprintOf(project, target);
    await this.#store.images
      .updateAlias(project, name, {
        ...(description === undefined ? {} : { description }),
        ...(fingerprint === undefined ? {} : { fingerprint }),
      })
      .catch(missing);
  }

  async rename(project: string, name: string, newName: string): Promise<void> {
    refuse(newName === '' ? ['No name provided for the alias'] : aliasProblems(newName));
    await this.get(project, name);
    if ((await this.#store.images.alias(project, newName)) !== null) throw new LxError('alias.exists', { name: newName });
    await this.#store.images.updateAlias(project, name, { name: newName }).catch(missing).catch(conflict(newName));
  }

  /** Points a name at an image, unless the name is given already to one that is not `replaced`. */
  async point(project: string, name: string, fingerprint: string, replaced: (target: ImageRow | null) => boolean): Promise<void> {
    const alias = await this.#store.images.alias(project, name);
    if (alias === null) {
      await this.#store.images.insertAlias({ project, name, description: '', fingerprint }).catch((error: unknown) => {
        if (!(error instanceof RowConflict)) throw error;
      });
      return;
    }
    if (replaced(await this.#store.images.get(project, alias.fingerprint)))
      await this.#store.images.updateAlias(project, name, { fingerprint });
  }

  async delete(project: string, name: string): Promise<void> {
    await this.get(project, name);
    await this.#store.images.deleteAlias(project, name).catch(missing);
  }
}

/** Problems of an alias's name, in a list. Slashes are usual (debian/12), and LXD takes spaces too. */
function aliasProblems(name: string): string[] {
  if (name.length > 255 || /\p{Cc}/u.test(name))
    return [`Invalid alias name ${JSON.stringify(name)}: at most 255 characters, none of them a control character`];
  return [];
}

function missing(error: unknown): never {
  if (error instanceof RowMissing) throw new LxError('alias.not_found', undefined, { cause: error });
  throw error;
}

function conflict(name: string) {
  return (error: unknown): never => {
    if (error instanceof RowConflict) throw new LxError('alias.exists', { name }, { cause: error });
    throw error;
  };
}
