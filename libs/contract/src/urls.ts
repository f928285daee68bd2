/** Builds all URLs of the API that the server sends: in lists, `used_by`, Location headers, operations and events. */

/** URLs name the project only when it is another one. */
export const defaultProject = 'default';

/**
 * Escapes one segment of a path like Go's url.PathEscape, because clients compare URLs with those of LXD as text: `:@&=+$`
 * are not escaped, `!'()*` are.
 */
export function segment(text: string): string {
  return encodeURIComponent(text)
    .replace(/%(?:24|26|2B|3A|3D|40)/g, decodeURIComponent)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function url(project: string, ...parts: readonly string[]): string {
  const path = `/1.0/${parts.map(segment).join('/')}`;
  return project === defaultProject ? path : `${path}?project=${encodeURIComponent(project)}`;
}

/** URLs by kind of object. `project` is the owner of the object; pools and operations have none. */
export const urls = {
  server: () => '/1.0',
  instance: (name: string, project: string) => url(project, 'instances', name),
  /** The URL of an instance for older clients. */
  container: (name: string, project: string) => url(project, 'containers', name),
  instanceSnapshot: (name: string, snapshot: string, project: string) => url(project, 'instances', name, 'snapshots', snapshot),
  /** The URL of a snapshot for older clients. */
  containerSnapshot: (name: string, snapshot: string, project: string) => url(project, 'containers', name, 'snapshots', snapshot),
  instanceBackup: (name: string, backup: string, project: string) => url(project, 'instances', name, 'backups', backup),
  /** The URL of a backup for older clients. */
  containerBackup: (name: string, backup: string, project: string) => url(project, 'containers', name, 'backups', backup),
  /** How operations name a backup: clients take off what stands before its own name, and nothing answers there. */
  operationBackup: (backup: string, project: string) => url(project, 'backups', backup),
  instanceLog: (name: string, file: string, project: string) => url(project, 'instances', name, 'logs', file),
  instanceExecOutput: (name: string, file: string, project: string) => url(project, 'instances', name, 'logs', 'exec-output', file),
  instanceMetadata: (name: string, project: string) => url(project, 'instances', name, 'metadata'),
  instanceTemplates: (name: string, project: string) => url(project, 'instances', name, 'metadata', 'templates'),
  image: (fingerprint: string, project: string) => url(project, 'images', fingerprint),
  imageAlias: (name: string, project: string) => url(project, 'images', 'aliases', name),
  network: (name: string, project: string) => url(project, 'networks', name),
  operation: (id: string) => url(defaultProject, 'operations', id),
  profile: (name: string, project: string) => url(project, 'profiles', name),
  project: (name: string) => url(defaultProject, 'projects', name),
  pool: (name: string) => url(defaultProject, 'storage-pools', name),
  warning: (id: string) => url(defaultProject, 'warnings', id),
  volume: (pool: string, type: string, name: string, project: string) => url(project, 'storage-pools', pool, 'volumes', type, name),
  volumeSnapshot: (pool: string, type: string, name: string, snapshot: string, project: string) =>
    url(project, 'storage-pools', pool, 'volumes', type, name, 'snapshots', snapshot),
  volumeBackup: (pool: string, type: string, name: string, backup: string, project: string) =>
    url(project, 'storage-pools', pool, 'volumes', type, name, 'backups', backup),
} as const;

/** `resources` of an operation on instances. Older clients read `containers`, newer ones `instances` (API section 2.3). */
export function instanceResources(project: string, ...names: readonly string[]): Record<string, string[]> {
  return {
    containers: names.map((name) => urls.container(name, project)),
    instances: names.map((name) => urls.instance(name, project)),
  };
}
