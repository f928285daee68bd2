import { Scanner } from './multipart-scanner.ts';

/** The one codec of multipart/form-data (RFC 7578), for the command's uploads and the server's, and what both send back. */

export interface UploadPart {
  /** Field name: `metadata`, `rootfs`. */
  name: string;
  filename: string;
  body: AsyncIterable<Uint8Array>;
  /** Bytes of the body, where the length of the whole is to be told. */
  size?: number;
}

export interface MultipartBody {
  contentType: string;
  body: AsyncIterable<Uint8Array>;
  /** Bytes of the whole; null unless every part says its size. */
  length: number | null;
}

/** A body that streams its parts in order. */
export function multipartBody(parts: readonly UploadPart[]): MultipartBody {
  const boundary = `lxctl-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  const end = Buffer.from(`--${boundary}--\r\n`);
  const sizes = parts.map(({ size }) => size);
  const known = sizes.every((size) => size !== undefined);
  const length = parts.reduce((sum, part, at) => sum + headOf(part, boundary).length + (sizes[at] ?? 0) + 2, end.length);
  return { contentType: `multipart/form-data; boundary=${boundary}`, body: stream(parts, boundary, end), length: known ? length : null };
}

async function* stream(parts: readonly UploadPart[], boundary: string, end: Buffer): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    yield headOf(part, boundary);
    yield* part.body;
    yield Buffer.from('\r\n');
  }
  yield end;
}

function headOf(part: UploadPart, boundary: string): Buffer {
  const filename = part.filename.replace(/["\r\n\\]/g, '_');
  return Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="${part.name}"; filename="${filename}"\r\n` +
      'Content-Type: application/octet-stream\r\n\r\n',
  );
}

export interface ReceivedPart {
  /** Of Content-Disposition; '' when it has none. */
  name: string;
  filename: string;
  body: AsyncIterable<Buffer>;
}

/** Headers of a part are a few lines. */
const headerLimit = 16_384;

/**
 * The parts of a multipart body (RFC 2046) one after the other, streamed; each body must be read before the next part is asked
 * for. `malformed` makes the error for a body that breaks the rules or is cut off.
 */
export async function* receiveParts(
  contentType: string,
  source: AsyncIterable<Uint8Array>,
  malformed: (reason: string) => Error = (reason) => new Error(`The answer is malformed: ${reason}`),
): AsyncGenerator<ReceivedPart> {
  const match = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (!boundary) throw malformed('the content type has no boundary');
  const scan = new Scanner(source, () => malformed('it is cut short'));
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // A delimiter follows a line break, but for the first one.
  scan.unread(Buffer.from('\r\n'));
  for await (const _preamble of scan.until(delimiter));
  while (!(await scan.takes('--'))) {
    const disposition = (await readHeaders(scan, malformed)).get('content-disposition') ?? '';
    const body = scan.until(delimiter);
    yield { name: parameterOf(disposition, 'name'), filename: parameterOf(disposition, 'filename'), body };
    // What the reader left.
    for await (const _rest of body);
  }
  await scan.drain();
}

async function readHeaders(scan: Scanner, malformed: (reason: string) => Error): Promise<Map<string, string>> {
  const headers = new Map<string, string>();
  if (!(await scan.takes('\r\n'))) throw malformed('a boundary is not followed by a line break');
  for (;;) {
    if (await scan.takes('\r\n')) return headers;
    let line = '';
    for await (const chunk of scan.until(Buffer.from('\r\n'))) {
      line += chunk.toString('utf8');
      if (line.length > headerLimit) throw malformed('a header is too long');
    }
    const colon = line.indexOf(':');
    if (colon < 1) throw malformed('a header has no colon');
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    if (headers.size > 32) throw malformed('a part has too many headers');
  }
}

function parameterOf(header: string, name: string): string {
  const match = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]+))`, 'i').exec(header);
  return (match?.[1] ?? match?.[2] ?? '').replace(/\\(.)/g, '$1');
}
