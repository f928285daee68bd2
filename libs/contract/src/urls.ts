/** Every URL of the API that this server writes: in lists, `used_by`, Location headers, operations and events. */

/** The project that URLs do not name. */
export const defaultProject = 'default';

/**
 * One segment of a path, escaped as Go's url.PathEscape does it, so that clients that compare URLs as text meet what LXD
 * would send: `:@&=+$` stay, `!'()*` do not.
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

/** By kind of object. `project`: whose object it is; pools and operations belong to none. */
export const urls = {
  server: () => '/1.0',
  instance: (name: string, project: string) => url(project, 'instances', name),
  /** The name under which older clients ask for instances. */
  container: (name: string, project: string) => url(project, 'containers', name),
  instanceLog: (name: string, file: string, project: string) => url(project, 'instances', name, 'logs', file),
  image: (fingerprint: string, project: string) => url(project, 'images', fingerprint),
  imageAlias: (name: string, project: string) => url(project, 'images', 'aliases', name),
  network: (name: string, project: string) => url(project, 'networks', name),
  operation: (id: string) => url(defaultProject, 'operations', id),
  profile: (name: string, project: string) => url(project, 'profiles', name),
  project: (name: string) => url(defaultProject, 'projects', name),
  pool: (name: string) => url(defaultProject, 'storage-pools', name),
  volume: (pool: string, type: string, name: string, project: string) => url(project, 'storage-pools', pool, 'volumes', type, name),
} as const;

/** `resources` of an operation on instances: clients of both generations look for their own word (API section 2.3). */
export function instanceResources(project: string, ...names: readonly string[]): Record<string, string[]> {
  return {
    containers: names.map((name) => urls.container(name, project)),
    instances: names.map((name) => urls.instance(name, project)),
  };
}
