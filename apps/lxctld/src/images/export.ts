import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { extensions, formatOf, type LocalImages } from '#lib/image';
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
  const boundary = randomBytes(24).toString('hex');
  const parts = [
    { name: 'metadata', filename: `meta-${await name(image)}`, path: image },
    { name: 'rootfs', filename: await name(rootfs), path: rootfs },
  ];
  const head = (part: { name: string; filename: string }) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${part.name}"; filename="${part.filename}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const end = `--${boundary}--\r\n`;
  let length = end.length;
  for (const part of parts) length += head(part).length + (await stat(part.path)).size + 2;
  const body = Readable.from(
    (async function* () {
      for (const part of parts) {
        yield Buffer.from(head(part));
        yield* createReadStream(part.path) as AsyncIterable<Buffer>;
        yield Buffer.from('\r\n');
      }
      yield Buffer.from(end);
    })(),
    { objectMode: false },
  );
  return Answer.raw(body, { 'content-type': `multipart/form-data; boundary=${boundary}`, 'content-length': String(length) });
}
