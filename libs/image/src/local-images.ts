import { access, lstat, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Compression, LxError, readKey, serverKeys } from '#lib/contract';
import { type Confinement, isErrno, removeTree } from '#lib/host';
import { type ImageAliasRow, type ImageRow, RowConflict, type Store, unlessMissing } from '#lib/store';
import { Aliases } from './aliases.ts';
import { ArchiveChecks } from './check.ts';
import { ImageFiles, type Upload } from './image-files.ts';
import type { ImageChange, ImageLibrary, ImageOrder, ImageReach, ImageWish, ImportRequest, WantedImage } from './images.ts';
import type { InstanceTrees } from './instance-trees.ts';
import { type ImageSources, imageSources } from './sources/index.ts';
import type { Recipe } from './sources/recipe/recipes/recipe.ts';
import type { AskedImage, Fetching, ImageSource } from './sources/source.ts';
import { unpackImage } from './unpack.ts';

export interface LocalImagesParts {
  /** Holds images/. */
  stateDir: string;
  store: Store;
  recipes: readonly Recipe[];
  /** The kernel's name of the host's. */
  architecture: string;
  /** Runs what reads and unpacks archives. */
  confinement: Confinement;
  /** Instances as sources read them. They are made of images in their turn, so they are asked for when they are used. */
  instances: () => InstanceTrees;
}

/** What another server speaks of which nothing is said, to LXD and its clients. */
const lxdProtocol = 'lxd';

/** The images of this host. */
export class LocalImages implements ImageLibrary {
  readonly files: ImageFiles;
  readonly aliases: Aliases;
  readonly sources: ImageSources;
  readonly #store: Store;
  readonly #confinement: Confinement;

  constructor({ stateDir, store, confinement, ...parts }: LocalImagesParts) {
    this.files = new ImageFiles(stateDir);
    this.#store = store;
    this.#confinement = confinement;
    this.sources = imageSources({ ...parts, images: this, checks: new ArchiveChecks(confinement), confinement });
    this.aliases = new Aliases(store, async (project, prefix) => (await this.resolve(project, { fingerprint: prefix })).fingerprint);
  }

  async prepare(): Promise<void> {
    const known = await this.#store.images.fingerprints();
    await this.files.prepare(new Set(known));
  }

  list(project: string): Promise<ImageRow[]> {
    return this.#store.images.list(project);
  }

  async reach(): Promise<ImageReach> {
    const config = await this.#store.config.all();
    const proxy = (kind: 'http' | 'https' | 'ignore_hosts') => config[`core.proxy_${kind}`] || null;
    return {
      proxies: { http: proxy('http'), https: proxy('https'), ignore: proxy('ignore_hosts') },
      updateHours: readKey(serverKeys, config, 'images.auto_update_interval'),
      updateCached: readKey(serverKeys, config, 'images.auto_update_cached'),
      cacheDays: readKey(serverKeys, config, 'images.remote_cache_expiry'),
    };
  }

  async compression(): Promise<Compression> {
    return readKey(serverKeys, await this.#store.config.all(), 'images.compression_algorithm');
  }

  get(project: string, fingerprint: string): Promise<ImageRow | null> {
    return this.#store.images.get(project, fingerprint);
  }

  source(name: string): ImageSource {
    const sources: readonly ImageSource[] = Object.values(this.sources);
    const source = sources.find((each) => each.name === name || each.alsoNamed?.includes(name));
    if (name === lxdProtocol) throw new LxError('request.unsupported', { what: 'images of other LXD and Incus servers' });
    if (!source) throw new LxError('request.unsupported', { what: `images from the source ${JSON.stringify(name)}` });
    return source;
  }

  async order(project: string, asked: AskedImage, wanted: WantedImage): Promise<ImageOrder> {
    if (asked.type === 'image' && asked.server === '')
      throw new LxError('request.unsupported', { what: 'copies of images within a server' });
    const source = this.source(asked.type === 'image' ? asked.protocol || lxdProtocol : asked.type);
    if (source.order) return { source: source.name, reference: await source.order(project, asked, wanted) };
    const reference = source.parse?.(asked);
    if (!reference) throw new LxError('request.unsupported', { what: `images from the source ${JSON.stringify(asked.type)}` });
    if (wanted.aliases.length > 0) throw new LxError('request.unsupported', { what: 'aliases for an image that brings its own' });
    if (wanted.properties || wanted.public || wanted.expiresAt || wanted.compression || wanted.autoUpdate)
      throw new LxError('request.unsupported', { what: 'changes to an image that comes as it is; change it when it is there' });
    return { source: source.name, reference };
  }

  wish(asked: AskedImage): ImageWish {
    if (asked.protocol === '' && asked.server === '') return { source: null, alias: asked.alias, fingerprint: asked.fingerprint };
    const name = asked.protocol || lxdProtocol;
    const reference = this.source(name).parse?.(asked);
    if (!reference) throw new LxError('request.unsupported', { what: `images from the source ${JSON.stringify(name)}` });
    return { source: name, reference };
  }

  async find(project: string, wish: ImageWish): Promise<ImageRow | null> {
    return wish.source === null ? this.resolve(project, wish) : this.source(wish.source).find(project, wish.reference);
  }

  async fetch(project: string, wish: ImageWish, fetching: Fetching): Promise<ImageRow> {
    return wish.source === null ? this.resolve(project, wish) : this.source(wish.source).fetch(project, wish.reference, fetching);
  }

  /** Of all projects. */
  all(): Promise<ImageRow[]> {
    return this.#store.images.list(null);
  }

  /** The newest of what an image came from; see `ImageSource`. LxError 'image.no_origin', and what the source says. */
  async newest(row: ImageRow, fetching: Fetching): Promise<ImageRow> {
    const source = row.origin && this.source(row.origin.protocol);
    if (!source?.newest) throw new LxError('image.no_origin');
    return source.newest(row.project, row, fetching);
  }

  async publish(upload: Upload, row: ImageRow, aliases: ImportRequest['aliases']): Promise<ImageRow> {
    try {
      await this.files.publish(upload);
      await this.#store.tx((store) => record(store, row, aliases));
      return row;
    } catch (error) {
      await this.unpublish(upload, row);
      throw error;
    }
  }

  adopt(
    project: string,
    fingerprint: string,
    change: (row: ImageRow) => ImageChange,
    aliases: ImportRequest['aliases'],
  ): Promise<ImageRow> {
    return this.#store.tx(async (store) => {
      const row = await store.images.lock(project, fingerprint);
      if (!row) throw new LxError('image.not_found');
      const changed = change(row);
      await store.images.update(project, fingerprint, changed);
      for (const alias of aliases) {
        const known = await store.images.alias(project, alias.name);
        if (known?.fingerprint !== fingerprint) await insertAlias(store, { ...alias, project, fingerprint });
      }
      return { ...row, ...changed };
    });
  }

  async unpublish(upload: Upload, row: Pick<ImageRow, 'project' | 'uploadedAt'>): Promise<void> {
    await this.files.discard(upload.id);
    const known = await this.get(row.project, upload.fingerprint);
    // Another row means that somebody else imported the same bytes meanwhile: row and files are theirs.
    if (known !== null && known.uploadedAt.getTime() !== row.uploadedAt.getTime()) return;
    if (known !== null) await this.forget(this.#store, row.project, upload.fingerprint);
    await this.files.remove(upload.fingerprint);
  }

  async resolve(project: string, reference: { alias?: string; fingerprint?: string }): Promise<ImageRow> {
    if (reference.alias) {
      const alias = await this.#store.images.alias(project, reference.alias);
      const row = alias && (await this.#store.images.get(project, alias.fingerprint));
      if (row) return row;
      if (!reference.fingerprint) throw new LxError('alias.not_found');
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
    await access(this.files.image(image.fingerprint)).catch((error: unknown) => {
      throw new LxError('image.unpack_failed', { reason: 'the file of the image is gone' }, { cause: error });
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
    } catch (error) {
      if (isErrno(error, 'EXDEV', 'ENOENT')) return false;
      throw error;
    }
    await writeFile(join(directory, 'metadata.yaml'), stringify(metadata));
    await removeTree(tree);
    return true;
  }

  async forget(store: Store, project: string, fingerprint: string): Promise<void> {
    await store.images.delete(project, fingerprint).catch(unlessMissing);
  }
}

async function record(store: Store, row: ImageRow, aliases: ImportRequest['aliases']): Promise<void> {
  await store.images.insert(row).catch((error: unknown) => {
    if (error instanceof RowConflict) throw new LxError('image.exists', undefined, { cause: error });
    throw error;
  });
  for (const alias of aliases) await insertAlias(store, { ...alias, project: row.project, fingerprint: row.fingerprint });
}

async function insertAlias(store: Store, row: ImageAliasRow): Promise<void> {
  await store.images.insertAlias(row).catch((error: unknown) => {
    if (error instanceof RowConflict) throw new LxError('alias.exists', { name: row.name }, { cause: error });
    throw error;
  });
}
