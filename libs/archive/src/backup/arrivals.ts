import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { LxError } from '#lib/contract';
import { removeTree } from '#lib/host';
import { watchSpace } from '../space.ts';
import { writeStream } from './write-stream.ts';

/** Backups that clients send, until something is made of them, in a directory of their own. None outlives the daemon that took it. */
export class Arrivals {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** At the start of the daemon: what was on its way belongs to nobody now. */
  async prepare(): Promise<void> {
    await removeTree(this.#directory);
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
  }

  /** The id of the file. Nothing is left when it fails. LxError 'archive.no_space'. */
  async receive(content: Readable): Promise<string> {
    const id = randomUUID();
    using space = await watchSpace(this.#directory);
    try {
      await writeStream(this.path(id), content, space.signal);
      return id;
    } catch (error) {
      await this.discard(id);
      if (await space.isFull()) throw new LxError('archive.no_space', undefined, { cause: error });
      throw error;
    }
  }

  /** Has `begin` begin something with what arrives; the file goes when that is `done`, or did not begin. */
  async take<O extends { done: Promise<unknown> }>(
    content: Readable,
    begin: (id: string) => Promise<O>,
    report: (message: string, cause: unknown) => void,
  ): Promise<O> {
    const id = await this.receive(content);
    const discard = () => this.discard(id).catch((error: unknown) => report('removing a backup that had arrived', error));
    try {
      const begun = await begin(id);
      void begun.done.then(discard, discard);
      return begun;
    } catch (error) {
      await discard();
      throw error;
    }
  }

  path(id: string): string {
    return join(this.#directory, id);
  }

  /** Idempotent. */
  discard(id: string): Promise<void> {
    return removeTree(this.path(id));
  }
}
