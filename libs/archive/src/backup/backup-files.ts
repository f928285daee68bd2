import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { LxError } from '#lib/contract';
import { isErrno, removeTree } from '#lib/host';
import { type ArchiveFormat, formatOf } from '../archive-format.ts';
import type { Packing } from '../pack/packed.ts';
import { packTold } from '../pack/told.ts';
import { watchSpace } from '../space.ts';
import { writeStream } from './write-stream.ts';

/** A backup by the ids of what it is of and its own. */
export type BackupId = { id: string; backupId: string };

export type BackupPacking = Omit<Packing, 'told'> & { progress: (told: Record<string, string>) => void };

/** The files of backups, each by its id. One is there whole or not at all. */
export class BackupFiles {
  readonly #directoryOf: (id: string) => string;
  readonly #notFound: (cause: unknown) => LxError;

  /** `directoryOf`: where those of one thing are, which has the id. */
  constructor(directoryOf: (id: string) => string, notFound: (cause: unknown) => LxError) {
    this.#directoryOf = directoryOf;
    this.#notFound = notFound;
  }

  /**
   * Writes what `archive` packs. `progress` is told now and then how much that is. LxError 'archive.no_space'; what a failure
   * leaves is for `remove`.
   */
  async pack(backup: BackupId, { signal, progress, ...how }: BackupPacking, archive: (packing: Packing) => Readable): Promise<void> {
    const path = this.#path(backup);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    using space = await watchSpace(dirname(path));
    const ends = AbortSignal.any([signal, space.signal]);
    const told = packTold((text) => progress({ create_backup_progress: text }));
    try {
      // The row must not outlive a power cut without its bytes.
      await writeStream(arriving(path), archive({ ...how, signal: ends, told }), ends, (file) => file.sync());
    } catch (error) {
      if (!signal.aborted && (await space.isFull())) throw new LxError('archive.no_space', undefined, { cause: error });
      throw error;
    }
    await rename(arriving(path), path);
  }

  /** The error of one that is not there, also while it is being made. */
  async read(backup: BackupId): Promise<{ size: number; format: ArchiveFormat; content: Readable }> {
    const file = await open(this.#path(backup), 'r').catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) throw this.#notFound(error);
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
