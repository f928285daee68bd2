import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { JsonObject } from '#lib/base';
import { LxError } from '#lib/contract';
import type { ImageRow } from '#lib/store';
import type { ArchiveChecks } from '../../check.ts';
import type { Upload } from '../../image-files.ts';
import type { ImageStore, ImportRequest } from '../../images.ts';
import { imageRow, type RowText, rowFromText, rowToText } from '../../row.ts';
import type { ImageSource } from '../source.ts';

/** An upload that is on disk and checked. */
export type UploadReference = JsonObject & { upload: Upload; row: RowText; aliases: ImportRequest['aliases'] };

/** Files that a client sends. They arrive before there is an operation, for the request has the bytes. */
export class UploadSource implements ImageSource<UploadReference> {
  readonly name = 'upload';
  readonly #images: ImageStore;
  readonly #checks: ArchiveChecks;

  constructor({ images, checks }: { images: ImageStore; checks: ArchiveChecks }) {
    this.#images = images;
    this.#checks = checks;
  }

  /** Takes one file, or metadata and rootfs, to disk and checks them thoroughly (API section 2.13). */
  async receive(request: ImportRequest, parts: AsyncIterable<Readable>, signal?: AbortSignal): Promise<UploadReference> {
    const { files } = this.#images;
    const upload = await files.receive(parts, signal);
    try {
      if (request.fingerprint && request.fingerprint !== upload.fingerprint) {
        throw new LxError('image.bad_fingerprint', { actual: upload.fingerprint, wanted: request.fingerprint });
      }
      if ((await this.#images.get(request.project, upload.fingerprint)) !== null) throw new LxError('image.exists');
      const [image, rootfs] = ['image', 'rootfs'].map((name) => join(files.incoming(upload.id), name)) as [string, string];
      const checked = upload.layout === 'unified' ? this.#checks.unified(image, signal) : this.#checks.split(image, rootfs, signal);
      return { upload, row: rowToText(imageRow(request, upload, await checked)), aliases: request.aliases };
    } catch (error) {
      await files.discard(upload.id);
      throw error;
    }
  }

  describe({ row }: UploadReference): string {
    return `the uploaded file ${JSON.stringify(row.filename)}`;
  }

  async find(): Promise<null> {
    return null;
  }

  fetch(_project: string, { upload, row, aliases }: UploadReference): Promise<ImageRow> {
    return this.#images.publish(upload, rowFromText(row), aliases);
  }

  takeBack(_project: string, { upload, row }: UploadReference): Promise<void> {
    return this.#images.unpublish(upload, rowFromText(row));
  }
}
