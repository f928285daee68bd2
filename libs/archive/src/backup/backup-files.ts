import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { LxError } from '#lib/contract';
import { isErrno, removeTree } from '#lib/host';
import { type ArchiveFormat, formatOf } from '../archive-format.ts';
import { writeStream } from './write-stream.ts';

/** A backup by the ids of what it is of and its own. */
export type BackupId = { id: string; backupId: string };

/** The files of backups, each by its id. One is there whole or not at all. */
export class BackupFiles {
  readonly #directoryOf: (id: string) => string;

  /** `directoryOf`: where those of one thing are, which has the id. */
  constructor(directoryOf: (id: string) => string) {
    this.#directoryOf = directoryOf;
  }

  /** The directory of those of one thing. */
  async prepare({ id }: Pick<BackupId, 'id'>): Promise<string> {
    const directory = this.#directoryOf(id);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return directory;
  }

  async write(backup: BackupId, content: Readable, signal: AbortSignal): Promise<void> {
    const path = this.#path(backup);
    // The row must not outlive a power cut without its bytes.
    await writeStream(arriving(path), content, signal, (file) => file.sync());
    await rename(arriving(path), path);
  }

  /** LxError 'backup.not_found' while it is being made. */
  async read(backup: BackupId): Promise<{ size: number; format: ArchiveFormat; content: Readable }> {
    const file = await open(this.#path(backup), 'r').catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) throw new LxError('backup.not_found', undefined, { cause: error });
      throw error;
    });
    try {
      const { size } = await file.stat();
      return { size, format: await formatOf(this.#path(backup)), content: createReadStream('', { fd: file }) };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Idempotent. */
  async remove(backup: BackupId): Promise<void> {
    const path = this.#path(backup);
    if (!(await stat(dirname(path)).catch(() => null))) return;
    for (const each of [path, arriving(path)]) await rm(each, { force: true });
  }

  /** All of one thing. Idempotent. */
  removeAll({ id }: Pick<BackupId, 'id'>): Promise<void> {
    return removeTree(this.#directoryOf(id));
  }

  #path({ id, backupId }: BackupId): string {
    return join(this.#directoryOf(id), backupId);
  }
}

function arriving(path: string): string {
  return `${path}.arriving`;
}
