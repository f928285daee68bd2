import { access, lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { stringify } from 'yaml';
import { LxError } from '#lib/contract';
import type { Confinement } from '#lib/host';
import { type ImageRow, RowConflict, RowMissing, type Store } from '#lib/store';
import { Aliases } from './aliases.ts';
import { Builds } from './builds.ts';
import { ArchiveChecks } from './check.ts';
import { ImageFiles, type Upload } from './image-files.ts';
import type { ImageChange, ImageLibrary, ImportRequest } from './images.ts';
import { type ImageMetadata, parseMetadata } from './metadata.ts';
import type { Recipe } from './recipes/recipe.ts';
import { imageRow } from './row.ts';
import { unpackImage } from './unpack.ts';

/** Properties that a built image carries. */
const recipeProperty = 'lxctl.recipe';
const serialProperty = 'lxctl.serial';

export interface LocalImagesParts {
  /** Holds images/. */
  stateDir: string;
  store: Store;
  recipes: readonly Recipe[];
  /** Runs what reads and unpacks archives. */
  confinement: Confinement;
}

/** The images of this host. */
export class LocalImages implements ImageLibrary {
  readonly files: ImageFiles;
  readonly aliases: Aliases;
  readonly #store: Store;
  readonly #recipes: readonly Recipe[];
  readonly #confinement: Confinement;
  readonly #checks: ArchiveChecks;
  readonly #builds = new Builds<ImageRow>();

  constructor({ stateDir, store, recipes, confinement }: LocalImagesParts) {
    this.files = new ImageFiles(stateDir);
    this.#store = store;
    this.#recipes = recipes;
    this.#confinement = confinement;
    this.#checks = new ArchiveChecks(confinement);
    this.aliases = new Aliases(store, async (project, prefix) => (await this.resolve(project, { fingerprint: prefix })).fingerprint);
  }

  prepare(): Promise<void> {
    return this.files.prepare();
  }

  list(project: string): Promise<ImageRow[]> {
    return this.#store.images.list(project);
  }

  async importUnified(request: ImportRequest, body: Readable, signal?: AbortSignal): Promise<ImageRow> {
    return this.#import(request, Readable.from([body]) as AsyncIterable<Readable>, signal);
  }

  async importSplit(request: ImportRequest, metadata: Readable, rootfs: Readable, signal?: AbortSignal): Promise<ImageRow> {
    return this.#import(request, Readable.from([metadata, rootfs]) as AsyncIterable<Readable>, signal);
  }

  async #import(request: ImportRequest, parts: AsyncIterable<Readable>, signal?: AbortSignal): Promise<ImageRow> {
    const { upload, row } = await this.receive(request, parts, signal);
    return this.#publish(upload, row, request.aliases);
  }

  async receive(request: ImportRequest, parts: AsyncIterable<Readable>, signal?: AbortSignal): Promise<{ upload: Upload; row: ImageRow }> {
    const upload = await this.files.receive(parts, signal);
    try {
      if (request.fingerprint && request.fingerprint !== upload.fingerprint) {
        throw new LxError('image.bad_fingerprint', { actual: upload.fingerprint, wanted: request.fingerprint });
      }
      if ((await this.#store.images.get(request.project, upload.fingerprint)) !== null) throw new LxError('image.exists');
      return { upload, row: imageRow(request, upload, await this.#check(upload, signal)) };
    } catch (problem) {
      await this.files.discard(upload.id);
      throw problem;
    }
  }

  #check(upload: Upload, signal?: AbortSignal): Promise<ImageMetadata> {
    const directory = this.files.incoming(upload.id);
    if (upload.layout === 'unified') return this.#checks.unified(join(directory, 'image'), signal);
    return this.#checks.split(join(directory, 'image'), join(directory, 'rootfs'), signal);
  }

  async #publish(upload: Upload, row: ImageRow, aliases: ImportRequest['aliases']): Promise<ImageRow> {
    try {
      await this.files.publish(upload);
      await this.#store.tx((store) => this.record(store, row, aliases));
      return row;
    } catch (problem) {
      await this.unpublish(upload, row);
      throw problem;
    }
  }

  async record(store: Store, row: ImageRow, aliases: ImportRequest['aliases']): Promise<void> {
    try {
      await store.images.insert(row);
    } catch (problem) {
      if (problem instanceof RowConflict) throw new LxError('image.exists', undefined, { cause: problem });
      throw problem;
    }
    for (const { name, description } of aliases) {
      if ((await store.images.alias(row.project, name)) !== null) throw new LxError('alias.exists', { name });
      await store.images.insertAlias({ project: row.project, name, description, fingerprint: row.fingerprint });
    }
  }

  async unpublish(upload: Upload, row: Pick<ImageRow, 'project' | 'uploadedAt'>): Promise<void> {
    await this.files.discard(upload.id);
    const known = await this.#store.images.get(row.project, upload.fingerprint);
    // Another row means that somebody else imported the same bytes meanwhile: row and files are theirs.
    if (known !== null && known.uploadedAt.getTime() !== row.uploadedAt.getTime()) return;
    if (known !== null) await this.forget(this.#store, row.project, upload.fingerprint);
    await this.files.remove(upload.fingerprint);
  }

  async build(project: string, name: string, progress: (text: string) => void, signal?: AbortSignal): Promise<ImageRow> {
    const recipe = this.#recipes.find((one) => one.name === name);
    if (!recipe) throw new LxError('image.recipe_not_found', { name, known: this.#recipes.map((one) => one.name) });
    const serial = await recipe.serial();
    const built = await this.#built(project, recipe, serial);
    if (built !== null) return built;
    try {
      return await this.#builds.join(
        `${project} ${name}`,
        (tell, stop) => this.#build(project, recipe, serial, tell, stop),
        progress,
        signal,
      );
    } catch (problem) {
      if (signal?.aborted) throw new LxError('image.cancelled', undefined, { cause: problem });
      throw problem;
    }
  }

  async #built(project: string, recipe: Recipe, serial: string): Promise<ImageRow | null> {
    const rows = await this.#store.images.list(project);
    return rows.find(({ properties }) => properties[recipeProperty] === recipe.name && properties[serialProperty] === serial) ?? null;
  }

  async #build(project: string, recipe: Recipe, serial: string, progress: (text: string) => void, signal: AbortSignal): Promise<ImageRow> {
    const id = await this.files.begin();
    try {
      const { layout, metadata } = await recipe.build({ directory: this.files.incoming(id), progress, signal });
      const upload = await this.files.describe(id, layout);
      const known = await this.#store.images.get(project, upload.fingerprint);
      if (known !== null) {
        await this.files.discard(id);
        return known;
      }
      const properties = { [recipeProperty]: recipe.name, [serialProperty]: serial };
      const request = { project, filename: recipe.name, public: false, properties, profiles: ['default'], fingerprint: null, aliases: [] };
      const row = await this.#publish(upload, imageRow(request, upload, parseMetadata(stringify(metadata))), []);
      for (const alias of recipe.aliases) await this.#point(project, alias, recipe.name, row.fingerprint);
      return row;
    } catch (problem) {
      await this.files.discard(id);
      throw problem;
    }
  }

  /** Points an alias at a built image, unless it is the user's own. */
  async #point(project: string, name: string, recipe: string, fingerprint: string): Promise<void> {
    const alias = await this.#store.images.alias(project, name);
    if (alias === null) {
      await this.#store.images.insertAlias({ project, name, description: '', fingerprint }).catch((problem: unknown) => {
        if (!(problem instanceof RowConflict)) throw problem;
      });
      return;
    }
    const target = await this.#store.images.get(project, alias.fingerprint);
    if (target?.properties[recipeProperty] === recipe) await this.#store.images.updateAlias(project, name, { fingerprint });
  }

  async resolve(project: string, reference: { alias?: string; fingerprint?: string }): Promise<ImageRow> {
    if (reference.alias) {
      const alias = await this.#store.images.alias(project, reference.alias);
      const row = alias && (await this.#store.images.get(project, alias.fingerprint));
      if (row) return row;
    }
    const prefix = reference.fingerprint ?? '';
    if (/^[0-9a-f]{64}$/.test(prefix)) {
      const row = await this.#store.images.get(project, prefix);
      if (row) return row;
    } else if (/^[0-9a-f]+$/.test(prefix)) {
      const rows = await this.#store.images.byPrefix(project, prefix);
      if (rows.length > 1) throw new LxError('image.ambiguous', { prefix });
      if (rows[0]) return rows[0];
    }
    throw new LxError('image.not_found');
  }

  async update(project: string, fingerprint: string, change: (row: ImageRow) => ImageChange): Promise<void> {
    await this.#store.tx(async (store) => {
      const row = await store.images.lock(project, fingerprint);
      if (!row) throw new LxError('image.not_found');
      await store.images.update(project, fingerprint, change(row));
    });
  }

  async unpack(image: ImageRow, directory: string): Promise<void> {
    if (await this.#takeTree(image, directory)) return;
    const rootfs = image.layout === 'split' ? this.files.rootfs(image.fingerprint) : null;
    await access(this.files.image(image.fingerprint)).catch((problem: unknown) => {
      throw new LxError('image.unpack_failed', { reason: 'the file of the image is gone' }, { cause: problem });
    });
    await unpackImage({ image: this.files.image(image.fingerprint), rootfs }, directory, this.#confinement);
  }

  /** Moves the tree a recipe left, which is the image unpacked; false when there is none, or it is on another file system. */
  async #takeTree({ fingerprint, metadata }: ImageRow, directory: string): Promise<boolean> {
    const tree = this.files.tree(fingerprint);
    if (
      !(await lstat(join(tree, 'rootfs')).then(
        () => true,
        () => false,
      ))
    )
      return false;
    try {
      await this.#confinement.inspect(tree);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await rename(join(tree, 'rootfs'), join(directory, 'rootfs'));
    } catch (problem) {
      const code = (problem as NodeJS.ErrnoException).code;
      if (code === 'EXDEV' || code === 'ENOENT') return false;
      throw problem;
    }
    await writeFile(join(directory, 'metadata.yaml'), stringify(metadata));
    await rm(tree, { recursive: true, force: true });
    return true;
  }

  async delete(project: string, fingerprint: string): Promise<void> {
    await this.forget(this.#store, project, fingerprint);
    await this.files.remove(fingerprint);
  }

  async forget(store: Store, project: string, fingerprint: string): Promise<void> {
    await store.images.delete(project, fingerprint).catch((problem: unknown) => {
      if (!(problem instanceof RowMissing)) throw problem;
    });
  }
}
