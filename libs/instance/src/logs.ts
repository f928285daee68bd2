import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { LxError } from '#lib/contract';
import { isErrno } from '#lib/host';
import type { InstanceRow } from '#lib/store';
import type { LogFiles } from './log-files.ts';
import type { Supervision } from './supervision.ts';

/** Names a client may ask for; `lxc info --show-log` wants lxc.log, which tells of the starts (start-log.ts). */
const readable = /^(console\.log|lxc\.log(\.old)?|exec_[0-9a-f-]{36}\.(stdout|stderr))$/;

/** An instance's files below logsDir, and its console. No path of a client gets further than `readable`. */
export class Logs {
  readonly #files: LogFiles;
  readonly #supervision: Supervision;

  constructor(files: LogFiles, supervision: Supervision) {
    this.#files = files;
    this.#supervision = supervision;
  }

  async list(row: InstanceRow): Promise<string[]> {
    const names = await readdir(this.#files.directory(row)).catch(nothing<string[]>([]));
    return names.filter((name) => readable.test(name)).sort();
  }

  async read(row: InstanceRow, name: string): Promise<Buffer> {
    if (name === 'console.log') return this.console(row);
    if (!readable.test(name)) throw new LxError('log.not_found');
    await this.#files.written(row);
    const content = await readFile(this.#files.path(row, name)).catch(nothing<Buffer | null>(null));
    if (content) return content;
    if (name === 'lxc.log') return Buffer.alloc(0);
    throw new LxError('log.not_found');
  }

  /** LxError 'log.protected' for the logs that the server itself writes. */
  async delete(row: InstanceRow, name: string): Promise<void> {
    if (!readable.test(name)) throw new LxError('log.not_found');
    if (!name.startsWith('exec_')) throw new LxError('log.protected');
    await rm(this.#files.path(row, name)).catch(() => {
      throw new LxError('log.not_found');
    });
  }

  /** What the console showed: the keeper's ring while the instance runs, the file saved at its end after. */
  async console(row: InstanceRow): Promise<Buffer> {
    const keeper = this.#supervision.get(row.id);
    // An instance that ends in this moment has just saved it.
    const shown = await keeper?.readLog().catch(() => null);
    if (shown) return shown;
    return readFile(this.#files.path(row, 'console.log')).catch(nothing(Buffer.alloc(0)));
  }

  async clearConsole(row: InstanceRow): Promise<void> {
    const keeper = this.#supervision.get(row.id);
    if (keeper) return keeper.clearLog();
    await writeFile(this.#files.path(row, 'console.log'), '', { mode: 0o600 }).catch(nothing(undefined));
  }
}

function nothing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isErrno(error, 'ENOENT')) return instead;
    throw error;
  };
}
