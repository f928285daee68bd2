import type { FastifyInstance } from 'fastify';

/** Every path that has a route with some verb, so that another verb is answered 501 and not 404. */
export class KnownPaths {
  readonly #patterns: RegExp[] = [];

  /** Must be called before the routes are added. */
  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', (route) => this.add(route.url));
  }

  add(url: string): void {
    const source = url
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')))
      .join('/');
    this.#patterns.push(new RegExp(`^${source}$`));
  }

  has(url: string): boolean {
    const path = url.split('?', 1)[0] ?? '';
    return this.#patterns.some((pattern) => pattern.test(path));
  }
}
