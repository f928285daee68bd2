import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstanceRow } from '#lib/store';

type Named = Pick<InstanceRow, 'project' | 'name'>;

/** Where the logs of instances lie: a directory each. */
export class LogFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  directory(row: Named): string {
    // LXD's naming of instances outside the default project.
    return join(this.#directory, row.project === 'default' ? row.name : `${row.project}_${row.name}`);
  }

  path(row: Named, file: string): string {
    return join(this.directory(row), file);
  }

  async prepare(row: Named): Promise<void> {
    await mkdir(this.directory(row), { recursive: true, mode: 0o700 });
  }

  async rename(project: string, from: string, to: string): Promise<void> {
    await rename(this.directory({ project, name: from }), this.directory({ project, name: to })).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  async remove(row: Named): Promise<void> {
    await rm(this.directory(row), { recursive: true, force: true });
  }
}
