import type { FastifyInstance } from 'fastify';

/** Every path that has a route with some verb, so that another verb is answered 501 and not 404. */
export class KnownPaths {
  readonly #patterns: RegExp[] = [];

  /** Must be called before the routes are added. */
  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', (route) => this.add(route.url));
  }

  add(url: string): void {
    this.#patterns.push(pathPattern(url));
  }

  has(url: string): boolean {
    const path = url.split('?', 1)[0] ?? '';
    return this.#patterns.some((pattern) => pattern.test(path));
  }
}

/** A route's path as a pattern for whole paths: `:name` is one segment, `*` is the rest. */
export function pathPattern(route: string): RegExp {
  const source = route
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')))
    .join('/');
  return new RegExp(`^${source}$`);
}
