import { RouteConfig } from '@nestjs/platform-fastify';
import { LxError } from '#lib/contract';
import type { Caller } from './caller.ts';

/** What a caller needs for each kind of access, in the project that the request names. */
const rules = {
  /** Whoever can connect. */
  public: () => true,
  /** Whoever presents the secret of an operation; the endpoint checks it. */
  secret: ({ door }) => door !== 'guest',
  /** Every client that the server trusts, also one that is restricted to projects. */
  trusted: ({ trust }) => trust !== 'none',
  view: inProject,
  'operate-instances': inProject,
  'manage-instances': inProject,
  'manage-images': inProject,
  'manage-networks': inProject,
  'manage-profiles': inProject,
  'manage-volumes': inProject,
  /** The server as a whole: its config, its pools. */
  admin: ({ trust }) => trust === 'admin',
  /** Never from outside this machine. */
  local: ({ door, trust }) => door === 'unix' && trust === 'admin',
} satisfies Record<string, (caller: Caller, project: string) => boolean>;

export type AccessRight = keyof typeof rules;

function inProject({ trust, projects }: Caller, project: string): boolean {
  return trust === 'admin' || (trust === 'restricted' && projects.includes(project));
}

/** The access that a route needs. A route without one keeps the daemon from starting. */
export function Access(access: AccessRight): MethodDecorator {
  return RouteConfig({ access });
}

/** LxError 'access.denied'. */
export function requireAccess(access: AccessRight, caller: Caller, project: string): void {
  if (!rules[access](caller, project)) throw new LxError('access.denied');
}

export function isAccessRight(value: unknown): value is AccessRight {
  return typeof value === 'string' && Object.hasOwn(rules, value);
}
