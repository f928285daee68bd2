import type { FastifyInstance } from 'fastify';
import { type AccessRight, isAccessRight } from './access.ts';

/** A registered route. */
export interface Route {
  method: string;
  path: string;
  access: AccessRight;
}

/** All registered routes with the access rights they require. */
export class Routes {
  readonly all: Route[] = [];
  readonly #patterns: RegExp[] = [];

  /** Must be constructed before routes are added. Adding a route without an access right throws. */
  constructor(fastify: FastifyInstance) {
    fastify.addHook('onRoute', ({ method, url, config }) => {
      for (const each of [method].flat()) this.add(each, url, config?.access);
    });
  }

  add(method: string, path: string, access: unknown): void {
    if (!isAccessRight(access)) throw new Error(`The route ${method} ${path} does not state who may use it: @Access(...) is missing.`);
    this.all.push({ method, path, access });
    this.#patterns.push(pathPattern(path));
  }

  /** Whether the path has a route for any method. Other methods are then answered 501 instead of 404. */
  has(url: string): boolean {
    const path = url.split('?', 1)[0] ?? '';
    return this.#patterns.some((pattern) => pattern.test(path));
  }
}

/** Converts a route's path to a pattern with one group for each parameter: `:name` matches one segment, `*` the rest. */
export function pathPattern(route: string): RegExp {
  const source = route
    .split('/')
    .map((part) => (part.startsWith(':') ? '([^/]+)' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '(.*)')))
    .join('/');
  return new RegExp(`^${source}$`);
}
