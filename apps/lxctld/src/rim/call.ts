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

/** What a call is made of; the same for requests and for upgrades to websockets. */
export interface CallFacts {
  caller: Caller;
  /** As the client wrote it. */
  url: string;
  query: Query;
  headers: IncomingHttpHeaders;
  /** null: the project that is asked for does not exist. */
  scope: Scope | null;
}

/** One request: who asks, by what door, in which project, with which parameters and conditions. */
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

  /** For lifecycle events and operations. */
  get requestor(): Requestor {
    return this.#facts.caller.requestor;
  }

  /** The request came by LXD's first name of instances, and its answer is to use that name (API section 1.4). */
  get saysContainers(): boolean {
    return this.#facts.url.startsWith('/1.0/containers');
  }

  /** The project and its features. LxError 'project.not_found'. */
  get scope(): Scope {
    if (!this.#facts.scope) throw new LxError('project.not_found');
    return this.#facts.scope;
  }

  /** The project of instances and operations; absent and empty mean `default`. LxError 'project.not_found'. */
  get project(): string {
    return this.scope.project;
  }

  /** The project whose images, profiles, networks or volumes are meant. LxError 'project.not_found'. */
  projectOf(feature: ProjectFeature): string {
    return this.scope.of(feature);
  }

  /** The project of a list; null means all of them (`all-projects=true`). */
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

  /** URLs are wanted, and no filter has to see the objects: a list can do without reading them. */
  get wantsNamesOnly(): boolean {
    return this.recursion === 0 && this.parameter('filter') === '';
  }

  /** The first value of a query parameter; '' when it is absent. */
  parameter(name: string): string {
    return parameter(this.#facts.query, name);
  }

  /** LXD's truth of a query parameter: 1, true, yes, on in any case. */
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

  /** The bytes of a body that is no JSON, for endpoints that take files; null when it was JSON. */
  get upload(): Readable | null {
    return this.#request?.body === undefined ? (this.#request?.raw ?? null) : null;
  }

  /** Refuses the change of an object that is not what the client last saw. `tuple`: what its ETag covers. LxError 'etag.mismatch'. */
  readonly match = (tuple: unknown): void => checkEtag(this.#facts.headers['if-match'], tuple);

  /** A list as the client wants it: filtered, as URLs or as objects. */
  list<T extends object>(objects: readonly T[], urlOf: (object: T) => string): Answer {
    const chosen = filterObjects(objects, this.parameter('filter'));
    return Answer.sync(this.recursion === 0 ? chosen.map(urlOf) : chosen);
  }
}

export type Call = RequestCall;
/** The call that a controller's method answers: `show(@Call() call: Call)`. */
export const Call = createParamDecorator((_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<Request>().call);

/** The name of the project that a query asks for. */
export function projectName(query: Query): string {
  return parameter(query, 'project') || defaultProject;
}

/** A server alone is the member `none`; clients send that, or nothing. LxError 'server.not_clustered' for any other `target`. */
export function refuseOtherMembers(query: Query): void {
  if (!['', 'none'].includes(parameter(query, 'target'))) throw new LxError('server.not_clustered');
}

function parameter(query: Query, name: string): string {
  const value = query[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}
