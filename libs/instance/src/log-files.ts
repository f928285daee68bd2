import { mkdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { dropLink, pointLink, removeTree } from '#lib/host';
import { linkName } from '#lib/storage';
import type { InstanceRow } from '#lib/store';

type Named = Pick<InstanceRow, 'id' | 'project' | 'name'>;

export interface LogPlaces {
  /** Holds `<id>/logs/`, a directory an instance. */
  homesDir: string;
  /** Holds links to those by the instance's name, for people and tools. */
  logsDir: string;
}

/** Where the logs of instances lie: in a directory of the instance's id. */
export class LogFiles {
  readonly #places: LogPlaces;

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

  async remove(row: Named): Promise<void> {
    await dropLink(...this.#link(row));
    await removeTree(dirname(this.directory(row)));
  }

  #link(row: Named): [link: string, target: string] {
    return [join(this.#places.logsDir, linkName(row.project, row.name)), relative(this.#places.logsDir, this.directory(row))];
  }
}
