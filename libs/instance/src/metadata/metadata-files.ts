import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '#lib/base';
import { LxError, type WireImageMetadata } from '#lib/contract';
import { exists, isErrno, removeTree } from '#lib/host';
import { templateLimit } from '#lib/template';
import type { InstanceRow } from '#lib/store';
import { isTemplateName, metadataOf, noMetadata } from './document.ts';

type Identified = Pick<InstanceRow, 'id'>;

/** An image from a stranger may bring as many. */
const mostTemplates = 256;

/**
 * What an instance keeps of its image: `instances/<id>/image/{metadata.json,templates/}`. A file is there whole or not at
 * all, for it comes by rename.
 */
export class MetadataFiles {
  readonly #homesDir: string;

  constructor({ homesDir }: { homesDir: string }) {
    this.#homesDir = homesDir;
  }

  async read(row: Identified): Promise<WireImageMetadata> {
    const text = await readFile(this.#document(row), 'utf8').catch(nothing<string | null>(null));
    return text === null ? noMetadata : metadataOf(JSON.parse(text) as JsonObject);
  }

  write(row: Identified, metadata: WireImageMetadata): Promise<void> {
    return this.#replace(row, this.#document(row), JSON.stringify(metadata));
  }

  /** Names, in order. */
  async list(row: Identified): Promise<string[]> {
    return (await readdir(this.#templates(row)).catch(nothing<string[]>([]))).filter(isTemplateName).sort();
  }

  /** LxError 'template.not_found', 'template.bad_name'. */
  async template(row: Identified, name: string): Promise<string> {
    return readFile(this.#template(row, name), 'utf8').catch(unknownTemplate(name));
  }

  writeTemplate(row: Identified, name: string, content: string | Buffer): Promise<void> {
    return this.#replace(row, this.#template(row, name), content);
  }

  /** LxError 'template.not_found', 'template.bad_name'. */
  async deleteTemplate(row: Identified, name: string): Promise<void> {
    await rm(this.#template(row, name)).catch(unknownTemplate(name));
  }

  /** What a new instance has of its image, whose files lie in `tree`. Idempotent. */
  async create(row: Identified, document: JsonObject, tree: () => Promise<string>): Promise<void> {
    const metadata = metadataOf(document);
    await mkdir(this.#directory(row), { recursive: true, mode: 0o700 });
    if (Object.keys(metadata.templates).length > 0) await this.#copyTemplates(row, join(await tree(), 'templates'));
    await writeFile(this.#document(row), JSON.stringify(metadata), { mode: 0o600 });
  }

  /** What a new instance has of another one, which does not change meanwhile. Idempotent. */
  async copy(from: Identified, to: Identified): Promise<void> {
    for (const name of await this.list(from)) await this.writeTemplate(to, name, await this.template(from, name));
    await this.write(to, await this.read(from));
  }

  /**
   * Gives `row` what was made for `successor`, and keeps what it had until `forget`; `putBack` gives it that again. All three can be
   * repeated.
   */
  async replace(row: Identified, successor: Identified): Promise<void> {
    if (!(await exists(this.#directory(successor)))) return;
    await rename(this.#directory(row), this.#before(successor)).catch(nothing(undefined));
    await rename(this.#directory(successor), this.#directory(row));
  }

  async putBack(row: Identified, successor: Identified): Promise<void> {
    if (!(await exists(this.#directory(successor)))) await rename(this.#directory(row), this.#directory(successor));
    await rename(this.#before(successor), this.#directory(row)).catch(nothing(undefined));
  }

  /** Of a successor: all that is left of it. */
  forget(successor: Identified): Promise<void> {
    return removeTree(join(this.#homesDir, successor.id));
  }

  async #copyTemplates(row: Identified, from: string): Promise<void> {
    const names = (await readdir(from).catch(nothing<string[]>([]))).filter(isTemplateName);
    if (names.length > mostTemplates)
      throw new LxError('image.unpack_failed', { reason: `it has more than ${mostTemplates} files of templates` });
    await removeTree(this.#templates(row));
    await mkdir(this.#templates(row), { recursive: true, mode: 0o700 });
    for (const name of names) {
      const content = await strangersFile(join(from, name));
      if (content) await writeFile(this.#template(row, name), content, { mode: 0o600 });
    }
  }

  async #replace(row: Identified, path: string, content: string | Buffer): Promise<void> {
    await mkdir(this.#templates(row), { recursive: true, mode: 0o700 });
    const arriving = join(this.#directory(row), `.${randomUUID()}`);
    try {
      await writeFile(arriving, content, { mode: 0o600 });
      await rename(arriving, path);
    } catch (error) {
      await rm(arriving, { force: true });
      throw error;
    }
  }

  #directory({ id }: Identified): string {
    return join(this.#homesDir, id, 'image');
  }

  /** What somebody had whom this one succeeds. */
  #before({ id }: Identified): string {
    return join(this.#homesDir, id, 'before');
  }

  #document(row: Identified): string {
    return join(this.#directory(row), 'metadata.json');
  }

  #templates(row: Identified): string {
    return join(this.#directory(row), 'templates');
  }

  #template(row: Identified, name: string): string {
    if (!isTemplateName(name)) throw new LxError('template.bad_name');
    return join(this.#templates(row), name);
  }
}

/** A file of an unpacked image: it may be a link, a pipe, or without end. null for what is no file of a template's size. */
async function strangersFile(path: string): Promise<Buffer | null> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch((error: unknown) => {
    if (isErrno(error, 'ELOOP') || isErrno(error, 'ENXIO')) return null;
    throw error;
  });
  if (!file) return null;
  try {
    const found = await file.stat();
    return found.isFile() && found.size <= templateLimit ? await file.readFile() : null;
  } finally {
    await file.close();
  }
}

function nothing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isErrno(error, 'ENOENT')) return instead;
    throw error;
  };
}

function unknownTemplate(name: string): (error: unknown) => never {
  return (error) => {
    if (isErrno(error, 'ENOENT')) throw new LxError('template.not_found', { name }, { cause: error });
    throw error;
  };
}
