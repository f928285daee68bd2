import { Readable } from 'node:stream';
import { LxError } from '#lib/contract';

/** One part of a multipart body. Its body must be read before the next part is asked for. */
export interface Part {
  /** Of Content-Disposition; '' when it has none. */
  name: string;
  filename: string;
  body: Readable;
}

/** Headers of a part are a few lines. */
const headerLimit = 16_384;

/** The boundary of a multipart content type. LxError 'request.invalid'. */
export function boundaryOf(contentType: string): string {
  const match = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (!boundary) throw malformed('the content type has no boundary');
  return boundary;
}

/** The parts of a multipart body (RFC 2046) one after the other, streamed. LxError 'request.invalid' when it is malformed or cut short. */
export async function* multipart(source: AsyncIterable<Buffer>, boundary: string): AsyncGenerator<Part> {
  const scan = new Scanner(source);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // A delimiter follows a line break, but for the first one.
  scan.unread(Buffer.from('\r\n'));
  for await (const _ of scan.until(delimiter)) {
    // The preamble is ignored.
  }
  while (!(await scan.takes('--'))) {
    const headers = await readHeaders(scan);
    const disposition = headers.get('content-disposition') ?? '';
    const body = Readable.from(scan.until(delimiter), { objectMode: false });
    yield { name: parameterOf(disposition, 'name'), filename: parameterOf(disposition, 'filename'), body };
    // What the reader left.
    if (!body.readableEnded) for await (const _ of body);
  }
  await scan.drain();
}

async function readHeaders(scan: Scanner): Promise<Map<string, string>> {
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

function malformed(reason: string): LxError {
  return new LxError('request.invalid', { problems: [`Malformed multipart body: ${reason}`] });
}

/** Reads a byte stream up to marks in it. */
class Scanner {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  unread(bytes: Buffer): void {
    this.#held = Buffer.concat([bytes, this.#held]);
  }

  /** Everything before the mark; the mark is taken too. */
  async *until(mark: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      if (at !== -1) {
        const before = this.#held.subarray(0, at);
        this.#held = this.#held.subarray(at + mark.length);
        if (before.length > 0) yield before;
        return;
      }
      // The mark may have begun in the last bytes.
      const sure = this.#held.length - (mark.length - 1);
      if (sure > 0) {
        const before = this.#held.subarray(0, sure);
        this.#held = this.#held.subarray(sure);
        yield before;
      }
      await this.#more();
    }
  }

  /** Whether these characters come next; takes them if so. */
  async takes(text: string): Promise<boolean> {
    while (this.#held.length < text.length) await this.#more();
    if (this.#held.toString('latin1', 0, text.length) !== text) return false;
    this.#held = this.#held.subarray(text.length);
    return true;
  }

  async drain(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next();
    if (done) throw malformed('it is cut short');
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
  }
}
