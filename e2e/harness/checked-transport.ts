import { collect, type Transport, type TransportRequest, type TransportResponse } from '#lib/client';
import { answerProblems } from '../description/answer.ts';

/** Passes everything on, and keeps what does not agree with the description of LXD's API. */
export class CheckedTransport implements Transport {
  readonly problems = new Set<string>();
  readonly #inner: Transport;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    const response = await this.#inner.request(request);
    if (request.method === 'HEAD' || !response.headers['content-type']?.startsWith('application/json')) return response;
    const bytes = await collect(response.body);
    const { method, path } = request;
    for (const problem of answerProblems({ method, path, status: response.status, headers: response.headers }, parsed(bytes)))
      this.problems.add(`${method} ${path}: ${problem}`);
    return { ...response, body: one(bytes) };
  }

  socket(path: string): ReturnType<Transport['socket']> {
    return this.#inner.socket(path);
  }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
