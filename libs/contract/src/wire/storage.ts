import type { StringMap } from '#lib/base';

export interface WirePoolPut {
  description: string;
  config: StringMap;
}

export interface WirePool extends WirePoolPut {
  name: string;
  driver: string;
  /** URLs of instances, images, profiles and volumes. */
  used_by: string[];
  status: 'Created' | 'Pending' | 'Errored' | 'Unknown';
  locations: string[];
}

export interface WirePoolResources {
  space: { used: number; total: number };
  inodes: { used: number; total: number };
}

/** `total` is 0 where nothing limits the volume. */
export interface WireVolumeState {
  usage: { used: number; total: number };
}

/** A snapshot of a volume. */
export interface WireVolumeSnapshot {
  /** `<volume>/<snapshot>` in a list, the snapshot's alone where one is asked for: so LXD has it. */
  name: string;
  description: string;
  config: StringMap;
  content_type: 'filesystem';
  created_at: string;
  expires_at: string;
}

/** A backup of a custom volume. */
export interface WireVolumeBackup {
  name: string;
  created_at: string;
  expires_at: string;
  volume_only: boolean;
  optimized_storage: boolean;
}

/** Body of `POST /1.0/storage-pools/{pool}/volumes/custom/{name}/backups`. */
export interface WireVolumeBackupsPost {
  /** When empty, the server makes one. */
  name: string;
  /** RFC 3339; absent: never. */
  expires_at?: string | null;
  volume_only?: boolean;
  optimized_storage?: boolean;
  /** Empty: as the server's backups.compression_algorithm says. */
  compression_algorithm?: string;
}

export interface WireVolume {
  name: string;
  type: string;
  description: string;
  config: StringMap;
  content_type: 'filesystem';
  project: string;
  location: string;
  created_at: string;
  used_by: string[];
}
