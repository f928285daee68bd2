import { randomFillSync } from 'node:crypto';
import { ftruncateSync, openSync, closeSync, fstatSync } from 'node:fs';
import { open, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { LxError } from '#lib/contract';

const mebibyte = 1024 * 1024;
/** As large as a segment of Postgres' log, the largest thing that it makes at once. */
const portionBytes = 16 * mebibyte;
const lookAgainMs = 10_000;

export interface ReserveOptions {
  /** Of the state directory, where the file `reserve` is. */
  directory: string;
  portions?: number;
  /** Told when room is given up and when all is as it was. */
  report(message: string, fields: Record<string, unknown>): void;
}

/**
 * Room on the disk that nobody uses until the disk is full. Then the database gets it, a portion at a time, so that what is
 * stopped or deleted can still be written down; all else is refused until there is room again and the reserve is whole.
 */
export class Reserve {
  readonly #path: string;
  readonly #options: ReserveOptions;
  readonly #wholeBytes: number;
  /** Room was given up, and is not taken again yet. */
  #given = false;
  /** Why the reserve is not whole, as it was last said. */
  #reason: string | null = null;
  #timer: NodeJS.Timeout | undefined;
  #filling: Promise<void> = Promise.resolve();

  constructor(options: ReserveOptions) {
    this.#options = options;
    this.#path = join(options.directory, 'reserve');
    this.#wholeBytes = (options.portions ?? 3) * portionBytes;
  }

  /** Takes the room, beside whatever else goes on, and looks after it. A disk that is full already has none to give. */
  begin(): void {
    this.#filling = this.#fill();
    this.#timer = setInterval(() => {
      if (this.#given || this.#reason) this.#filling = this.#filling.then(() => this.#fill());
    }, lookAgainMs);
    this.#timer.unref();
  }

  /** The room stays taken for the next daemon. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#filling;
  }

  /** Makes room, because something could not be written. false when nothing is left to give up. */
  giveUp(): boolean {
    this.#given = true;
    let left: number;
    try {
      const file = openSync(this.#path, 'r+');
      try {
        const { size } = fstatSync(file);
        if (size === 0) return false;
        left = Math.max(0, size - portionBytes);
        ftruncateSync(file, left);
      } finally {
        closeSync(file);
      }
    } catch {
      return false; // never taken
    }
    this.#options.report('the disk is full: a part of the reserve is given up', { directory: this.#options.directory, left });
    return true;
  }

  /** LxError 'server.disk_full' as long as room was given up and not taken again: for all that makes no room. */
  readonly mustBeWhole = (): void => {
    if (this.#given) throw new LxError('server.disk_full', { directory: this.#options.directory });
  };

  async #fill(): Promise<void> {
    const { directory, report } = this.#options;
    const say = (reason: string) => {
      if (reason !== this.#reason) report('the disk has no room for a reserve', { directory, reason });
      this.#reason = reason;
    };
    try {
      const size = (await stat(this.#path).catch(() => null))?.size ?? 0;
      const { bavail, bsize } = await statfs(directory);
      const missing = this.#wholeBytes - size;
      // Room for others too: a reserve that is taken and given up by turns helps nobody.
      if (missing > 0 && bavail * bsize < missing + portionBytes) {
        return say(`${missing / mebibyte} MiB are missing`);
      }
      await this.#write(size);
      if (this.#given) report('the disk has room again', { directory });
      this.#given = false;
      this.#reason = null;
    } catch (error) {
      say((error as Error).message);
    }
  }

  /** Real blocks: of noise, since some file systems keep no zeros. */
  async #write(from: number): Promise<void> {
    const file = await open(this.#path, 'a', 0o600);
    try {
      const chunk = randomFillSync(Buffer.allocUnsafe(mebibyte));
      for (let size = from; size < this.#wholeBytes; size += chunk.length) await file.write(chunk);
    } finally {
      await file.close();
    }
  }
}
