import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { ClassConstructor } from 'class-transformer';
import { defaultProject, LxError, type ProjectFeature, type Scope } from '#lib/contract';
import type { Requestor } from '#lib/engine';
import { Answer } from './answer.ts';
import type { Caller } from './caller.ts';
import { checkEtag } from './etag.ts';
import { filterObjects } from './filter.ts';
import { parseBody } from './parse-body.ts';
import type { Query, Request } from './request.ts';

/** The data of a call, the same for requests and for websocket upgrades. */
export interface CallFacts {
  caller: Caller;
  /** As received, before older names of endpoints are mapped. */
  url: string;
  query: Query;
  headers: IncomingHttpHeaders;
  /** null when the requested project does not exist. */
  scope: Scope | null;
}

/** One request: its caller, project, parameters, conditions and body. */
export class RequestCall {
  readonly #facts: CallFacts;
  readonly #request: Request | null;

  /** `request` is null for an upgrade, which has no body. */
  constructor(facts: CallFacts, request: Request | null = null) {
    this.#facts = facts;
    this.#request = request;
  }

  get caller(): Caller {
    return this.#facts.caller;
  }

  /** The caller as lifecycle events and operations record it. */
  get requestor(): Requestor {
    return this.#facts.caller.requestor;
  }

  /** The request uses LXD's older path /1.0/containers, so the answer's URLs must use it too (API section 1.4). */
  get saysContainers(): boolean {
    return this.#facts.url.startsWith('/1.0/containers');
  }

  /** The requested project and its features. LxError 'project.not_found'. */
  get scope(): Scope {
    if (!this.#facts.scope) throw new LxError('project.not_found');
    return this.#facts.scope;
  }

  /** Name of the requested project, for instances and operations; `default` when none is given. LxError 'project.not_found'. */
  get project(): string {
    return this.scope.project;
  }

  /** The project that owns the images, profiles, networks or volumes of the requested project. LxError 'project.not_found'. */
  projectOf(feature: ProjectFeature): string {
    return this.scope.of(feature);
  }

  /** The project whose objects are listed, or null for those of all projects (`all-projects=true`). */
  get projects(): string | null {
    if (!this.flag('all-projects')) return this.project;
    if (this.parameter('project'))
      throw new LxError('request.invalid', { problems: ['Cannot specify a project when requesting all projects'] });
    return null;
  }

  /** 0: URLs, 1: objects, 2: objects with state. Anything else counts as 0, as in LXD. */
  get recursion(): 0 | 1 | 2 {
    const recursion = this.parameter('recursion').split(';', 1)[0];
    if (recursion === '1') return 1;
    return recursion === '2' ? 2 : 0;
  }

  /** Only URLs are requested and there is no filter, so a list need not load the objects. */
  get wantsNamesOnly(): boolean {
    return this.recursion === 0 && this.parameter('filter') === '';
  }

  /** First value of a query parameter, '' when it is absent. */
  parameter(name: string): string {
    return parameter(this.#facts.query, name);
  }

  /** Whether a boolean query parameter is set: 1, true, yes or on, in any case. */
  flag(name: string): boolean {
    return ['1', 'true', 'yes', 'on'].includes(this.parameter(name).toLowerCase());
  }

  header(name: string): string {
    const value = this.#facts.headers[name];
    return (Array.isArray(value) ? value[0] : value) ?? '';
  }

  get headers(): IncomingHttpHeaders {
    return this.#facts.headers;
  }

  /** The body as an instance of its DTO class; see `parseBody`. */
  body<T extends object>(type: ClassConstructor<T>): T {
    return parseBody(type, this.#request?.body);
  }

  /** The body as a stream when it is a file, null when it is JSON. */
  get upload(): Readable | null {
    return this.#request?.body === undefined ? (this.#request?.raw ?? null) : null;
  }

  /** Compares If-Match, when there is one, with the ETag of `tuple`. LxError 'etag.mismatch'. */
  readonly match = (tuple: unknown): void => checkEtag(this.#facts.headers['if-match'], tuple);

  /** Answers a list: the objects that match `filter=`, as URLs or as objects according to `recursion=`. */
  list<T extends object>(objects: readonly T[], urlOf: (object: T) => string): Answer {
    const chosen = filterObjects(objects, this.parameter('filter'));
    return Answer.sync(this.recursion === 0 ? chosen.map(urlOf) : chosen);
  }
}

export type Call = RequestCall;
/** Injects the call into a method of a controller: `show(@Call() call: Call)`. */
export const Call = createParamDecorator((_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<Request>().call);

/** Name of the project in a query string. */
export function projectName(query: Query): string {
  return parameter(query, 'project') || defaultProject;
}

/** Accepts `target=none` and an empty one, which clients send to servers without a cluster. LxError 'server.not_clustered' for others. */
export function refuseOtherMembers(query: Query): void {
  if (!['', 'none'].includes(parameter(query, 'target'))) throw new LxError('server.not_clustered');
}

function parameter(query: Query, name: string): string {
  const value = query[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}
