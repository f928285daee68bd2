import type { InstanceRow } from '#lib/store';

/** The lock that every operation on an instance holds. */
export function instanceLock(instance: Pick<InstanceRow, 'project' | 'name'>): string {
  return `instance:${instance.project}/${instance.name}`;
}

/** What clients find under `resources`: both names of the collection, which stock clients read. */
export function instanceResources(...names: string[]): Record<string, string[]> {
  return {
    containers: names.map((name) => `/1.0/containers/${name}`),
    instances: names.map((name) => `/1.0/instances/${name}`),
  };
}
