import { delay } from '#lib/base';
import { isLxError, LxError } from '#lib/contract';
import { brokenReason } from './web/reason.ts';
import type { Web, WebAnswer } from './web/web.ts';

export interface DownloadPlan {
  url: URL;
  /** Bytes that it has to have. */
  size: number;
  signal: AbortSignal;
  /** Milliseconds before it goes on for the first time; each further pause is twice as long. */
  pauseMs?: number;
}

/** So often a download goes on after it broke, unless it came a good way in between. */
const patience = 5;
const goodWay = 1024 * 1024;
const usualPauseMs = 250;

/** The server answered, but not with the file: it will not do so when it is asked again. */
class Refused extends Error {}

/**
 * The bytes of a file. What breaks goes on where it broke, by a range, or by leaving out what is known where a server has no ranges:
 * whoever reads the bytes checks their hash. LxError 'image.download_failed'.
 */
export async function* download(web: Web, plan: DownloadPlan): AsyncGenerator<Buffer> {
  const { url, size, signal, pauseMs = usualPauseMs } = plan;
  let got = 0;
  let tag: string | null = null;
  let left = patience;
  let mark = 0;
  while (got < size) {
    try {
      const answer = await web.get(url, { signal, headers: rangeHeaders(got, tag) });
      const { skip } = startOf(answer, got);
      tag = strongTag(answer);
      for await (const chunk of from(answer, skip)) {
        got += chunk.length;
        if (got > size) throw new Refused(`it sends more than the ${size} bytes that it announced`);
        yield chunk;
      }
      if (got < size) throw new Error('it closed the connection too early');
    } catch (error) {
      signal.throwIfAborted();
      if (got - mark >= goodWay) left = patience;
      mark = got;
      // A server that cannot be reached to begin with is told at once.
      const vain = error instanceof Refused || (got === 0 && isLxError(error));
      if (vain || --left === 0) throw failed(url, error);
      await delay(pauseMs * 2 ** (patience - left - 1), signal);
      signal.throwIfAborted();
    }
  }
}

function failed(url: URL, error: unknown): LxError {
  if (isLxError(error)) return error;
  return new LxError('image.download_failed', { url: url.href, reason: brokenReason(error) }, { cause: error });
}

/** A file that was exchanged meanwhile is sent as a whole (RFC 9110, If-Range). */
function rangeHeaders(got: number, tag: string | null): Record<string, string> {
  return got === 0 ? {} : { range: `bytes=${got}-`, ...(tag === null ? {} : { 'if-range': tag }) };
}

function strongTag({ headers }: WebAnswer): string | null {
  const { etag } = headers;
  return typeof etag === 'string' && !etag.startsWith('W/') ? etag : null;
}

/** Where the body begins: what is known already is left out. */
function startOf({ status, headers, body }: WebAnswer, got: number): { skip: number } {
  if (status === 200) return { skip: got };
  if (status === 206 && Number(/^bytes (\d+)-/.exec(String(headers['content-range']))?.[1]) === got) return { skip: 0 };
  body.destroy();
  if (status >= 500 || status === 429) throw new Error(`it answers ${status}`);
  throw new Refused(`it answers ${status}`);
}

async function* from({ body }: WebAnswer, skip: number): AsyncGenerator<Buffer> {
  let rest = skip;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (chunk.length > rest) yield rest > 0 ? chunk.subarray(rest) : chunk;
    rest = Math.max(0, rest - chunk.length);
  }
}
