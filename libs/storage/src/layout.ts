import { join } from 'node:path';
import type { RootName } from './storage.ts';

/**
 * Directories of a pool. All are 0700 and root's: the trees hold setuid programs under ids of the host, which no host
 * user may reach. The keeper opens them by fd as root, so the mode costs the instances nothing.
 *
 *   images/<fingerprint>/{metadata.yaml,templates/,rootfs/}   read-only once there
 *   volumes/<id>/                                             of a root or a snapshot: the driver's; `image` links to the image's directory,
 *                                                             `chain` says on which layers it stands
 *   layers/<id>/                                              the driver's: changes that were sealed, or a root's on top of such
 *   containers/<name>                                         links to volumes/<id>, for people; nothing is found by them
 *   custom/<project>_<name>                                   the same, of custom volumes, whose data is in volumes/<id>/data
 *   unpacking/<uuid>/, unpacking/<id>.<snapshot's id>/        trees, roots and volumes that are being made; swept at start
 */
export class PoolLayout {
  constructor(readonly directory: string) {}

  get images(): string {
    return join(this.directory, 'images');
  }
  get volumes(): string {
    return join(this.directory, 'volumes');
  }
  get containers(): string {
    return join(this.directory, 'containers');
  }
  get custom(): string {
    return join(this.directory, 'custom');
  }
  get unpacking(): string {
    return join(this.directory, 'unpacking');
  }
  get layers(): string {
    return join(this.directory, 'layers');
  }
  layer(id: string): string {
    return join(this.layers, id);
  }
  image(fingerprint: string): string {
    return join(this.images, fingerprint);
  }
  /** What a root of the image stands on. */
  tree(fingerprint: string): string {
    return join(this.image(fingerprint), 'rootfs');
  }
  volume(id: string): string {
    return join(this.volumes, id);
  }
  /** The link of a root, and where it leads. */
  link({ id, project, name }: RootName): [link: string, target: string] {
    return [join(this.containers, linkName(project, name)), join('..', 'volumes', id)];
  }
  /** The link of a custom volume, and where it leads. */
  customLink({ id, project, name }: Linked): [link: string, target: string] {
    return [join(this.custom, `${project}_${name}`), join('..', 'volumes', id)];
  }
}

/** A volume as links name it. */
export type Linked = Pick<RootName, 'id' | 'project' | 'name'>;

/** The directories that a pool makes in its place. */
export const poolDirectories = ['images', 'volumes', 'layers', 'containers', 'custom', 'unpacking'] as const;

/** Instance names hold no underscore, so that project and name cannot run into each other. */
export function linkName(project: string, name: string): string {
  return project === 'default' ? name : `${project}_${name}`;
}

export const imageLink = 'image';
