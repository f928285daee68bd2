import { Inbound } from './multipart-inbound.ts';

export interface UploadPart {
  /** Field name: `metadata`, `rootfs`. */
  name: string;
  filename: string;
  body: AsyncIterable<Uint8Array>;
}

/** A multipart/form-data body (RFC 7578) that streams its parts in order. */
export function multipartBody(parts: readonly UploadPart[]): { contentType: string; body: AsyncIterable<Uint8Array> } {
  const boundary = `lxctl-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: stream(parts, boundary) };
}

async function* stream(parts: readonly UploadPart[], boundary: string): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    const filename = part.filename.replace(/["\r\n\\]/g, '_');
    yield Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${part.name}"; filename="${filename}"\r\n` +
        'Content-Type: application/octet-stream\r\n\r\n',
    );
    yield* part.body;
    yield Buffer.from('\r\n');
  }
  yield Buffer.from(`--${boundary}--\r\n`);
}

export interface ReceivedPart {
  name: string;
  filename: string;
  body: AsyncIterable<Uint8Array>;
}

/** The parts of a multipart answer, in order; read each to its end before the next. Throws when the answer is cut off. */
export async function* receiveParts(contentType: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<ReceivedPart> {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (!boundary) throw new Error('the answer names no multipart boundary');
  const inbound = new Inbound(body);
  // What precedes the first boundary is no part. A leading line end makes the first boundary look like the others.
  inbound.prepend(Buffer.from('\r\n'));
  const mark = Buffer.from(`\r\n--${boundary}`);
  for await (const _preamble of inbound.until(mark));
  while (!(await inbound.startsWith('--'))) {
    const head = (await inbound.take(Buffer.from('\r\n\r\n'))).toString();
    yield {
      name: /\bname="([^"]*)"/.exec(head)?.[1] ?? '',
      filename: /\bfilename="([^"]*)"/.exec(head)?.[1] ?? '',
      body: inbound.until(mark),
    };
  }
}
