import type { Inbox } from './inbox.ts';

export interface ResponseHead {
  status: number;
  headers: Record<string, string>;
}

/** Status line and headers (RFC 9112); interim 1xx answers are skipped. */
export async function readHead(inbox: Inbox): Promise<ResponseHead> {
  for (;;) {
    const first = await inbox.line();
    if (first === null) throw new Error('the server closed the connection without an answer');
    const match = /^HTTP\/1\.[01] (\d{3})/.exec(first);
    if (!match) throw new Error('the answer is not HTTP');
    const headers: Record<string, string> = {};
    for (;;) {
      const line = await inbox.line();
      if (line === null) throw new Error('the answer ends in its headers');
      if (line === '') break;
      const colon = line.indexOf(':');
      if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const status = Number(match[1]);
    if (status >= 200 || status === 101) return { status, headers };
  }
}

/** The body by whichever way the server delimits it: chunks, a length, or the end of the connection. */
export async function* readBody(inbox: Inbox, head: ResponseHead, method: string): AsyncGenerator<Buffer> {
  if (method === 'HEAD' || head.status === 204 || head.status === 304) return;
  if (head.headers['transfer-encoding']?.toLowerCase().endsWith('chunked')) yield* readChunked(inbox);
  else if (head.headers['content-length'] !== undefined) yield* readLength(inbox, Number(head.headers['content-length']));
  else yield* readToEnd(inbox);
}

async function* readChunked(inbox: Inbox): AsyncGenerator<Buffer> {
  for (;;) {
    const line = await inbox.line();
    const size = line === null ? Number.NaN : Number.parseInt(line, 16);
    if (!Number.isInteger(size)) throw new Error('the answer is cut off');
    if (size === 0) break;
    yield* readLength(inbox, size);
    await inbox.line();
  }
  while (await inbox.line());
}

async function* readLength(inbox: Inbox, length: number): AsyncGenerator<Buffer> {
  let left = length;
  while (left > 0) {
    const chunk = await inbox.next();
    if (!chunk) throw new Error('the answer is cut off');
    if (chunk.length > left) inbox.unread(chunk.subarray(left));
    yield chunk.subarray(0, left);
    left -= Math.min(left, chunk.length);
  }
}

async function* readToEnd(inbox: Inbox): AsyncGenerator<Buffer> {
  for (let chunk = await inbox.next(); chunk; chunk = await inbox.next()) yield chunk;
}
