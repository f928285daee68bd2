import { LxError } from '#lib/contract';
import type { Query } from './request.ts';

/** A query parameter's first value; '' when it is absent. */
export function parameter(query: Query, name: string): string {
  const value = query[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

/** LXD's truth of a query parameter: 1, true, yes, on in any case. */
export function flag(query: Query, name: string): boolean {
  return ['1', 'true', 'yes', 'on'].includes(parameter(query, name).toLowerCase());
}

/** The project of a request. Absent and empty mean `default`; LxError 'project.not_found' for any other. */
export function projectOf(query: Query): string {
  const project = parameter(query, 'project') || 'default';
  if (project !== 'default') throw new LxError('project.not_found');
  return project;
}

/** The project of a list request: null means all of them (`all-projects=true`). */
export function projectsOf(query: Query): string | null {
  if (!flag(query, 'all-projects')) return projectOf(query);
  if (parameter(query, 'project'))
    throw new LxError('request.invalid', { problems: ['Cannot specify a project when requesting all projects'] });
  return null;
}

/** 0: URLs, 1: objects, 2: objects with state. Anything else counts as 0, as in LXD. */
export function recursionOf(query: Query): 0 | 1 | 2 {
  const recursion = parameter(query, 'recursion').split(';', 1)[0];
  if (recursion === '1') return 1;
  return recursion === '2' ? 2 : 0;
}

/** A server alone is the member `none`; clients send that, or nothing. LxError 'server.not_clustered' for any other `target`. */
export function refuseOtherMembers(query: Query): void {
  if (!['', 'none'].includes(parameter(query, 'target'))) throw new LxError('server.not_clustered');
}
