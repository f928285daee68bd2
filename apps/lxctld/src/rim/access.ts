import { RouteConfig } from '@nestjs/platform-fastify';
import { LxError } from '#lib/contract';
import type { Caller } from './caller.ts';

/** Each access right, and whether a caller has it in the project that the request names. */
const rules = {
  /** Every client, authenticated or not. */
  public: () => true,
  /** Every client outside of instances; the endpoint checks the secret of the operation. */
  secret: ({ door }) => door !== 'guest',
  /** Authenticated clients, also those restricted to some projects. */
  trusted: ({ trust }) => trust !== 'none',
  view: inProject,
  'operate-instances': inProject,
  'manage-instances': inProject,
  'manage-images': inProject,
  'manage-networks': inProject,
  'manage-profiles': inProject,
  'manage-volumes': inProject,
  /** Administrators of the whole server (its config, its pools). */
  admin: ({ trust }) => trust === 'admin',
  /** The unix socket only. */
  local: ({ door, trust }) => door === 'unix' && trust === 'admin',
} satisfies Record<string, (caller: Caller, project: string) => boolean>;

export type AccessRight = keyof typeof rules;

function inProject({ trust, projects }: Caller, project: string): boolean {
  return trust === 'admin' || (trust === 'restricted' && projects.includes(project));
}

/** Sets the access right that a route requires. The daemon does not start while a route has none. */
export function Access(access: AccessRight): MethodDecorator {
  return RouteConfig({ access });
}

/** Throws LxError 'access.denied' when the caller does not have the right. */
export function requireAccess(access: AccessRight, caller: Caller, project: string): void {
  if (!rules[access](caller, project)) throw new LxError('access.denied');
}

export function isAccessRight(value: unknown): value is AccessRight {
  return typeof value === 'string' && Object.hasOwn(rules, value);
}
