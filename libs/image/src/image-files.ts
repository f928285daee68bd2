import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { isErrno, removeTree } from '#lib/host';

/** Files that arrived or were built, not an image yet. Plain JSON: operations keep it in their journal. */
export type Upload = {
  /** Directory under incoming/. */
  id: string;
  layout: 'unified' | 'split';
  fingerprint: string;
  /** Bytes of all files. */
  size: number;
};

/**
 * Files of the images:
 *
 *   images/<fingerprint>           the tarball or squashfs of a unified image, the metadata tarball of a split one
 *   images/<fingerprint>.rootfs    the root file system of a split one
 *   images/incoming/<uuid>/        {image,rootfs} on their way; swept at start
 *   images/trees/<fingerprint>/    the tree a recipe left, for the first pool that wants it
 */
export class ImageFiles {
  readonly directory: string;

  constructor(stateDir: string) {
    this.directory = join(stateDir, 'images');
  }

  /** `known`: fingerprints that have rows. Files of others were on their way to one when the daemon died. */
  async prepare(known: ReadonlySet<string>): Promise<void> {
    // Only root may look: trees hold setuid programs, images may hold secrets.
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await removeTree(join(this.directory, 'incoming'));
    for (const name of ['incoming', 'trees']) await mkdir(join(this.directory, name), { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.directory)) {
      const fingerprint = /^([0-9a-f]{64})(\.rootfs)?$/.exec(name)?.[1];
      if (fingerprint !== undefined && !known.has(fingerprint)) await this.remove(fingerprint);
    }
  }

  image(fingerprint: string): string {
    return join(this.directory, fingerprint);
  }
  rootfs(fingerprint: string): string {
    return join(this.directory, `${fingerprint}.rootfs`);
  }
  tree(fingerprint: string): string {
    return join(this.directory, 'trees', fingerprint);
  }
  incoming(id: string): string {
    return join(this.directory, 'incoming', id);
  }

  /** A new directory under incoming/. */
  async begin(): Promise<string> {
    const id = randomUUID();
    await mkdir(this.incoming(id), { mode: 0o700 });
    return id;
  }

  async discard(id: string): Promise<void> {
    await removeTree(this.incoming(id));
  }

  /** Takes one file (or two, metadata first) to disk. Nothing is left when it fails. */
  async receive(parts: AsyncIterable<Readable>, signal?: AbortSignal): Promise<Upload> {
    const id = await this.begin();
    try {
      const hash = createHash('sha256');
      let size = 0;
      let count = 0;
      for await (const part of parts) {
        size += await this.#write(join(this.incoming(id), count === 0 ? 'image' : 'rootfs'), part, hash, signal);
        count++;
      }
      return { id, layout: count === 1 ? 'unified' : 'split', fingerprint: hash.digest('hex'), size };
    } catch (error) {
      await this.discard(id);
      throw error;
    }
  }

  /** Describes files that were made in incoming/ by a recipe. */
  async describe(id: string, layout: Upload['layout']): Promise<Upload> {
    const hash = createHash('sha256');
    let size = 0;
    for (const name of layout === 'split' ? ['image', 'rootfs'] : ['image']) {
      for await (const chunk of createReadStream(join(this.incoming(id), name))) {
        hash.update(chunk as Buffer);
        size += (chunk as Buffer).length;
      }
    }
    return { id, layout, fingerprint: hash.digest('hex'), size };
  }

  async #write(path: string, source: Readable, hash: Hash, signal?: AbortSignal): Promise<number> {
    const file = await open(path, 'wx', 0o600);
    let size = 0;
    try {
      const hashed = async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          size += chunk.length;
          yield chunk;
        }
      };
      // @types/node leaves out that async iterables are taken too (Node's fs documentation, filehandle.writeFile).
      await file.writeFile(hashed(source) as unknown as Buffer, signal ? { signal } : {});
      // The row that names the file must not outlive a power cut without its bytes.
      await file.sync();
      return size;
    } finally {
      await file.close();
    }
  }

  /** Moves an upload to its place. Idempotent. */
  async publish(upload: Upload): Promise<void> {
    const from = this.incoming(upload.id);
    if (upload.layout === 'split') await moved(join(from, 'rootfs'), this.rootfs(upload.fingerprint));
    if (await present(join(from, 'tree'))) {
      await removeTree(this.tree(upload.fingerprint));
      await rename(join(from, 'tree'), this.tree(upload.fingerprint));
    }
    await moved(join(from, 'image'), this.image(upload.fingerprint));
    await this.discard(upload.id);
  }

  async remove(fingerprint: string): Promise<void> {
    for (const path of [this.image(fingerprint), this.rootfs(fingerprint), this.tree(fingerprint)]) await removeTree(path);
  }
}

/** rename(2), fine when it was done before. */
async function moved(from: string, to: string): Promise<void> {
  await rename(from, to).catch(async (error: unknown) => {
    if (!isErrno(error, 'ENOENT') || !(await present(to))) throw error;
  });
}

async function present(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
