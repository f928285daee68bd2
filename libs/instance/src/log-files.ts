import { mkdir, open, rename } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { dropLink, isErrno, pointLink, removeTree } from '#lib/host';
import { linkName } from '#lib/storage';
import type { InstanceRow } from '#lib/store';

type Named = Pick<InstanceRow, 'id' | 'project' | 'name'>;

export interface LogPlaces {
  /** Holds `<id>/logs/`, a directory an instance. */
  homesDir: string;
  /** Holds links to those by the instance's name, for people and tools. */
  logsDir: string;
}

/** Bytes; a start writes some 1 kB. */
const LARGE = 256 * 1024;

/** Where the logs of instances lie: in a directory of the instance's id. */
export class LogFiles {
  readonly #places: LogPlaces;
  /** Appends under way, by instance. */
  readonly #appends = new Map<string, Promise<void>>();

  constructor(places: LogPlaces) {
    this.#places = places;
  }

  directory({ id }: Pick<InstanceRow, 'id'>): string {
    return join(this.#places.homesDir, id, 'logs');
  }

  path(row: Pick<InstanceRow, 'id'>, file: string): string {
    return join(this.directory(row), file);
  }

  async prepare(row: Named): Promise<void> {
    await mkdir(this.directory(row), { recursive: true, mode: 0o700 });
    await this.link(row);
  }

  /** Puts the link in order; `formerly`: the name it had before. */
  async link(row: Named, formerly?: string): Promise<void> {
    if (formerly !== undefined) await dropLink(...this.#link({ ...row, name: formerly }));
    await mkdir(this.#places.logsDir, { recursive: true, mode: 0o700 });
    await pointLink(...this.#link(row));
  }

  /**
   * Adds to a file in the instance's directory, one text after the other. A file that has grown large becomes `<file>.old`.
   * Does nothing where the directory is gone.
   */
  append({ id }: Pick<InstanceRow, 'id'>, file: string, text: string): Promise<void> {
    const before = this.#appends.get(id) ?? Promise.resolve();
    const appended = before.catch(() => {}).then(() => this.#append(this.path({ id }, file), text));
    const over = appended
      .catch(() => {})
      .then(() => {
        if (this.#appends.get(id) === over) this.#appends.delete(id);
      });
    this.#appends.set(id, over);
    return appended;
  }

  /** Resolves when nothing is being added any more. */
  async written({ id }: Pick<InstanceRow, 'id'>): Promise<void> {
    await this.#appends.get(id);
  }

  /** The same of all instances. */
  async idle(): Promise<void> {
    await Promise.all(this.#appends.values());
  }

  async remove(row: Named): Promise<void> {
    await this.written(row);
    await dropLink(...this.#link(row));
    await removeTree(dirname(this.directory(row)));
  }

  async #append(path: string, text: string): Promise<void> {
    const handle = await open(path, 'a', 0o600).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return null;
      throw error;
    });
    if (!handle) return;
    try {
      await handle.appendFile(text);
      if ((await handle.stat()).size > LARGE) await rename(path, `${path}.old`);
    } finally {
      await handle.close();
    }
  }

  #link(row: Named): [link: string, target: string] {
    return [join(this.#places.logsDir, linkName(row.project, row.name)), relative(this.#places.logsDir, this.directory(row))];
  }
}
