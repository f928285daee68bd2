import { basename, join } from 'node:path';
import { watchSpace } from '#lib/archive';
import { isLxError, LxError } from '#lib/contract';
import type { ImageRow } from '#lib/store';
import { type OpenWeb, openWeb, type StreamImage, type Web } from '#lib/streams';
import type { ArchiveChecks } from '../../check.ts';
import type { Upload } from '../../image-files.ts';
import type { ImageStore, WantedImage } from '../../images.ts';
import { imageRow } from '../../row.ts';
import { Builds } from '../builds.ts';
import type { AskedImage, Fetching, ImageSource } from '../source.ts';
import { Catalogues } from './catalogues.ts';
import { imageParts } from './files.ts';
import { adoption, cachedWish, cameFrom, originOf, renewal, type StreamReference, streamReference, streamWish } from './reference.ts';

interface Parts {
  images: ImageStore;
  checks: ArchiveChecks;
  /** The kernel's name of the host's. */
  architecture: string;
  open?: OpenWeb;
}

/**
 * Images of servers that speak simplestreams, as Ubuntu's and those of Linux Containers do. Who comes for one that is on its way
 * waits for it. What was fetched stays, whatever becomes of the operation that wanted it: in the end it goes as what nobody uses does.
 */
export class StreamSource implements ImageSource<StreamReference> {
  readonly name = 'simplestreams';
  readonly #images: ImageStore;
  readonly #checks: ArchiveChecks;
  readonly #architecture: string;
  readonly #open: OpenWeb;
  readonly #catalogues: Catalogues;
  readonly #downloads = new Builds<void>();

  constructor({ images, checks, architecture, open = openWeb }: Parts) {
    this.#images = images;
    this.#checks = checks;
    this.#architecture = architecture;
    this.#open = open;
    this.#catalogues = new Catalogues(architecture);
  }

  parse(asked: AskedImage): StreamReference {
    return streamReference(asked);
  }

  async order(project: string, asked: AskedImage, wanted: WantedImage): Promise<StreamReference> {
    const reference = { ...streamReference(asked), wish: streamWish(wanted) };
    const known = await this.#images.list(project);
    for (const { name } of wanted.aliases) {
      // What an operation brought that died before it could say so is no reason to refuse the next one.
      await this.#images.aliases.refuseTaken(project, name, (target) =>
        known.some((row) => row.fingerprint === target && cameFrom(row, reference)),
      );
    }
    return reference;
  }

  describe({ server, name }: StreamReference): string {
    return `the image ${JSON.stringify(name)} of ${server}`;
  }

  /**
   * One that is here from there by that name is as good as the server's as long as it is looked after: the server is not asked.
   * Who orders an image wants more than to have it.
   */
  async find(project: string, reference: StreamReference): Promise<ImageRow | null> {
    if (reference.wish !== null) return null;
    if (/^[0-9a-f]{64}$/.test(reference.name)) return this.#images.get(project, reference.name);
    if ((await this.#images.reach()).updateHours === 0) return null;
    const known = (await this.#images.list(project)).filter((row) => row.autoUpdate && cameFrom(row, reference));
    return known.sort((a, b) => b.uploadedAt.getTime() - a.uploadedAt.getTime())[0] ?? null;
  }

  async fetch(project: string, reference: StreamReference, { progress, signal }: Fetching): Promise<ImageRow> {
    try {
      const { updateCached } = await this.#images.reach();
      const { image, by } = await this.#choose(reference, signal);
      if ((await this.#images.get(project, image.fingerprint)) === null) {
        const download = (tell: (text: string) => void, ends: AbortSignal) => this.#download(project, reference, image, tell, ends);
        await this.#downloads.join(`${project} ${image.fingerprint}`, download, progress, signal);
      }
      const wish = reference.wish ?? { ...cachedWish, autoUpdate: updateCached };
      const origin = by === 'alias' ? originOf(reference) : null;
      return await this.#images.adopt(project, image.fingerprint, adoption(wish, origin), wish.aliases);
    } catch (error) {
      if (signal.aborted) throw new LxError('image.cancelled', undefined, { cause: error });
      throw error;
    }
  }

  newest(project: string, row: ImageRow, fetching: Fetching): Promise<ImageRow> {
    return this.fetch(project, renewal(row), fetching);
  }

  async #web({ certificate }: StreamReference): Promise<Web> {
    const { proxies } = await this.#images.reach();
    return this.#open({ certificate: certificate || null, proxies });
  }

  /** LxError 'image.not_on_server', and what asking the server can fail with. */
  async #choose(reference: StreamReference, signal: AbortSignal) {
    await using web = await this.#web(reference);
    const server = new URL(reference.server);
    const catalogue = await this.#catalogues.of({ web, server, trust: reference.certificate, signal });
    const found = catalogue.find(reference.name);
    if (found !== null) return found;
    const similar = catalogue.similar(reference.name);
    throw new LxError('image.not_on_server', { host: server.host, name: reference.name, architecture: this.#architecture, similar });
  }

  /** Brings it as one that nobody has wished anything of yet. */
  async #download(project: string, reference: StreamReference, image: StreamImage, progress: (text: string) => void, signal: AbortSignal) {
    await using web = await this.#web(reference);
    using space = await watchSpace(this.#images.files.directory);
    const ends = AbortSignal.any([signal, space.signal]);
    let upload: Upload | null = null;
    try {
      const parts = imageParts({ web, server: new URL(reference.server), image, progress, signal: ends });
      upload = await this.#images.files.receive(parts, ends);
      await this.#publish(project, image, upload, ends);
    } catch (error) {
      if (upload) await this.#images.files.discard(upload.id);
      if (isLxError(error) || signal.aborted || !(await space.isFull())) throw error;
      throw new LxError('archive.no_space', undefined, { cause: error });
    }
  }

  async #publish(project: string, image: StreamImage, upload: Upload, signal: AbortSignal): Promise<void> {
    if (upload.fingerprint !== image.fingerprint)
      throw new LxError('image.bad_fingerprint', { actual: upload.fingerprint, wanted: image.fingerprint });
    const [file, rootfs] = ['image', 'rootfs'].map((name) => join(this.#images.files.incoming(upload.id), name)) as [string, string];
    const checked = await (upload.layout === 'unified' ? this.#checks.unified(file, signal) : this.#checks.split(file, rootfs, signal));
    const filename = basename(image.files[0].path);
    const request = { ...cachedWish, project, filename, properties: {}, fingerprint: null };
    const row = imageRow(request, upload, checked);
    const { properties, createdAt, expiresAt } = image;
    const times = { createdAt: createdAt ?? row.createdAt, expiresAt: expiresAt ?? row.expiresAt };
    await this.#images.publish(upload, { ...row, ...times, properties, cached: true }, []);
  }
}
