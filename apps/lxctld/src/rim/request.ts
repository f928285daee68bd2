import type { FastifyRequest } from 'fastify';
import type { RequestCall } from './call.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the rim before the body is read. */
    call: RequestCall;
  }
  interface FastifyContextConfig {
    /** Set by `@Access()`. */
    access?: string;
  }
}

/** A request at the rim. `request.raw` is the stream whose body a raw route reads itself. */
export type Request = FastifyRequest;
/** The parsed query string; keys may repeat. */
export type Query = Record<string, string | string[] | undefined>;
