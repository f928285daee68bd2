import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isLxError, LxError } from '#lib/contract';
import { refuseUnstorable } from './text.ts';

/** Largest JSON body. LXD's clients stay far below. */
export const jsonLimit = 1024 * 1024;

/** Content types whose body is never read by the rim: the controller reads `request.raw`. */
const rawTypes = ['application/octet-stream', 'multipart/form-data'];

/** Routes whose body may be a file whatever its content type: curl and pylxd send none, or a wrong one, with an image. */
const uploadRoutes = new Set(['POST /1.0/images']);

/** Routes whose body is a file, whatever its type is and it begins like. */
const fileRoutes = new Set(['POST /1.0/instances/:name/metadata/templates', 'POST /1.0/instances/:name/files']);

/**
 * Body parsing as LXD's clients need it (API section 2.1): whatever the content type says, a body is JSON, unless its type
 * is one of `rawTypes`, or the route takes files and the body does not begin like a JSON object.
 */
export function addBodyParsers(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  for (const type of rawTypes) {
    fastify.addContentTypeParser(type, (_request, _payload, done) => done(null, undefined));
  }
  fastify.addContentTypeParser('*', async (request: FastifyRequest, payload: Readable) => {
    if (isIgnored(request)) {
      payload.resume();
      return {};
    }
    if (fileRoutes.has(routeOf(request))) return undefined;
    if (takesFiles(request) && !(await beginsLikeJson(payload))) return undefined;
    return parseJson(await collect(payload));
  });
}

/** Nothing reads the body of a DELETE (`lxc query -X DELETE` sends an empty string), or of a request that has no route. */
function isIgnored(request: FastifyRequest): boolean {
  return request.method === 'DELETE' || request.is404;
}

function takesFiles(request: FastifyRequest): boolean {
  const type = request.headers['content-type'] ?? '';
  return uploadRoutes.has(routeOf(request)) && !type.startsWith('application/json');
}

function routeOf(request: FastifyRequest): string {
  return `${request.method} ${request.routeOptions.url}`;
}

/** Looks at the first bytes and puts them back. No archive begins with a brace; an empty body counts as JSON. */
async function beginsLikeJson(payload: Readable): Promise<boolean> {
  let chunk = payload.read() as Buffer | null;
  while (chunk === null) {
    if (payload.readableEnded || payload.destroyed) return true;
    await Promise.race([once(payload, 'readable'), once(payload, 'end')]);
    chunk = payload.read() as Buffer | null;
    if (chunk === null && payload.readableEnded) return true;
  }
  payload.unshift(chunk);
  return /^\s*(\{|$)/.test(chunk.toString('latin1', 0, 256));
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

/**
 * An object, always: an empty body and a literal null are {} (ansible sends null). LxError 'request.not_json', or
 * 'request.invalid' for text that cannot be stored.
 */
export function parseJson(text: string): object {
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text, refusePrototypeKeys);
  } catch (error) {
    if (isLxError(error)) throw error;
    throw new LxError('request.not_json', { reason: error instanceof Error ? error.message : String(error) }, { cause: error });
  }
  // `lxc query -X POST` without data sends an empty JSON string.
  if (value === null || value === undefined || value === '') return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new LxError('request.not_json', {
      reason: `an object is needed, not ${Array.isArray(value) ? 'an array' : `a ${typeof value}`}`,
    });
  }
  refuseUnstorable(value);
  return value;
}

/**
 * A key `__proto__` would become the prototype when the object is copied by assignment; those of the prototype's own
 * properties (`constructor`, `toString`, ...) are lost or break the making of DTOs. No field, config key or device has such a name.
 */
function refusePrototypeKeys(key: string, value: unknown): unknown {
  if (Object.hasOwn(Object.prototype, key)) throw new LxError('request.invalid', { problems: [`The name "${key}" cannot be used`] });
  return value;
}
