import { join } from 'node:path';
import type { RootVolume } from './storage.ts';

/**
 * Directories of a pool. All are 0700 and root's: the trees hold setuid programs under ids of the host, which no host
 * user may reach. The keeper opens them by fd as root, so the mode costs the instances nothing.
 *
 *   images/<fingerprint>/{metadata.yaml,templates/,rootfs/}   read-only once there
 *   containers/<name>/                                        the driver's; `image` links to the image's directory
 *   unpacking/<uuid>/                                         trees that are being made; swept at start
 */
export class PoolLayout {
  constructor(readonly directory: string) {}

  get images(): string {
    return join(this.directory, 'images');
  }
  get containers(): string {
    return join(this.directory, 'containers');
  }
  get unpacking(): string {
    return join(this.directory, 'unpacking');
  }
  image(fingerprint: string): string {
    return join(this.images, fingerprint);
  }
  root(volume: Pick<RootVolume, 'project' | 'instance'>): string {
    return join(this.containers, rootName(volume));
  }
}

/** Instance names hold no underscore, so that project and name cannot run into each other. */
export function rootName(volume: Pick<RootVolume, 'project' | 'instance'>): string {
  return volume.project === 'default' ? volume.instance : `${volume.project}_${volume.instance}`;
}

export const imageLink = 'image';
