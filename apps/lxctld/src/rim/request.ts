import type { FastifyRequest } from 'fastify';

/** A request at the rim. `request.raw` is the stream whose body a raw route reads itself. */
export type Request = FastifyRequest;
/** The parsed query string; keys may repeat. */
export type Query = Record<string, string | string[] | undefined>;
