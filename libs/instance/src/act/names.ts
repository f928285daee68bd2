import type { InstanceRow } from '#lib/store';

/** The lock that every operation on an instance holds. */
export function instanceLock(instance: Pick<InstanceRow, 'project' | 'name'>): string {
  return `instance:${instance.project}/${instance.name}`;
}
