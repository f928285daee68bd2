import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { multipartBody } from '#lib/client';
import { extensions, formatOf } from '#lib/archive';
import type { LocalImages } from '#lib/image';
import type { ImageRow } from '#lib/store';
import { Answer } from '../rim/answer.ts';

/** An image's files as they were uploaded: the fingerprint of what a client gets is the image's. */
export async function exportAnswer(images: LocalImages, row: ImageRow): Promise<Answer> {
  const image = images.files.image(row.fingerprint);
  const name = async (path: string) => `${row.fingerprint}${extensions[await formatOf(path)]}`;
  if (row.layout === 'unified') {
    const { size } = await stat(image);
    return Answer.raw(createReadStream(image), {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename=${await name(image)}`,
      'content-length': String(size),
    });
  }
  const rootfs = images.files.rootfs(row.fingerprint);
  const part = async (field: string, filename: string, path: string) => ({
    name: field,
    filename,
    body: bytesOf(path),
    size: (await stat(path)).size,
  });
  const { contentType, body, length } = multipartBody([
    await part('metadata', `meta-${await name(image)}`, image),
    await part('rootfs', await name(rootfs), rootfs),
  ]);
  return Answer.raw(Readable.from(body, { objectMode: false }), { 'content-type': contentType, 'content-length': String(length) });
}

/** Opened when its turn comes. */
async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Buffer>;
}
