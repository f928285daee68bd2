import type { FastifyInstance } from 'fastify';
import { type AccessRight, isAccessRight } from './access.ts';

/** A route as the application has it. */
export interface Route {
  method: string;
  path: string;
  access: AccessRight;
}

/** Every route of the application, with the access it states. */
export class Routes {
  readonly all: Route[] = [];
  readonly #patterns: RegExp[] = [];

  /** Must be called before the routes are added. Adding one that does not state its access throws. */
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

  /** Whether the path has a route with some verb, so that another verb is answered 501 and not 404. */
  has(url: string): boolean {
    const path = url.split('?', 1)[0] ?? '';
    return this.#patterns.some((pattern) => pattern.test(path));
  }
}

/** A route's path as a pattern for whole paths, with a group for each parameter: `:name` is one segment, `*` is the rest. */
export function pathPattern(route: string): RegExp {
  const source = route
    .split('/')
    .map((part) => (part.startsWith(':') ? '([^/]+)' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '(.*)')))
    .join('/');
  return new RegExp(`^${source}$`);
}
