import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LxError } from '#lib/contract';

/** Largest JSON body. LXD's clients stay far below. */
export const jsonLimit = 1024 * 1024;

/** Content types whose body is never read by the rim: the controller reads `request.raw`. */
const rawTypes = ['application/octet-stream', 'multipart/form-data'];

/**
 * Body parsing as LXD's clients need it (API section 2.1): whatever the content type says, a body is JSON, unless its type
 * is one of `rawTypes`.
 */
export function addBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  for (const type of rawTypes) {
    fastify.addContentTypeParser(type, (_request, _payload, done) => done(null, undefined));
  }
  fastify.addContentTypeParser('*', async (_request: FastifyRequest, payload: AsyncIterable<Buffer>) => parseJson(await collect(payload)));
}

async function collect(payload: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of payload) {
    length += chunk.length;
    if (length > jsonLimit) throw new LxError('request.too_large', { limit: jsonLimit });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** An object, always: an empty body and a literal null are {} (ansible sends null). LxError 'request.not_json'. */
export function parseJson(text: string): object {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text, withoutPrototypeKeys);
  } catch (problem) {
    throw new LxError('request.not_json', { reason: problem instanceof Error ? problem.message : String(problem) }, { cause: problem });
  }
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new LxError('request.not_json', {
      reason: `an object is needed, not ${Array.isArray(value) ? 'an array' : `a ${typeof value}`}`,
    });
  }
  return value;
}

/** A key `__proto__` would become the prototype when the object is copied by assignment. */
function withoutPrototypeKeys(key: string, value: unknown): unknown {
  return key === '__proto__' ? undefined : value;
}
