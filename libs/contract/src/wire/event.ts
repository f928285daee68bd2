/** A message on /1.0/events. */
export interface WireEvent {
  type: 'operation' | 'lifecycle' | 'logging';
  /** RFC 3339. */
  timestamp: string;
  metadata: unknown;
  location: string;
  project: string;
}

/** `metadata` of a lifecycle event. */
export interface LifecycleMetadata {
  action: LifecycleAction;
  /** URL of the object, e.g. /1.0/instances/c1. */
  source: string;
  context?: Record<string, unknown>;
  requestor?: { username: string; protocol: string; address: string };
  name?: string;
  project?: string;
}

/** Every lifecycle action this server sends (LXD's names). */
export const lifecycleActions = [
  'config-updated',
  'image-alias-created',
  'image-alias-deleted',
  'image-alias-renamed',
  'image-alias-updated',
  'image-created',
  'image-deleted',
  'image-refreshed',
  'image-retrieved',
  'image-updated',
  'instance-console',
  'instance-console-reset',
  'instance-console-retrieved',
  'instance-created',
  'instance-deleted',
  'instance-exec',
  'instance-file-deleted',
  'instance-file-pushed',
  'instance-file-retrieved',
  'instance-log-deleted',
  'instance-log-retrieved',
  'instance-metadata-retrieved',
  'instance-metadata-template-created',
  'instance-metadata-template-deleted',
  'instance-metadata-template-retrieved',
  'instance-metadata-updated',
  'instance-paused',
  'instance-renamed',
  'instance-restarted',
  'instance-resumed',
  'instance-restored',
  'instance-shutdown',
  'instance-backup-created',
  'instance-backup-deleted',
  'instance-backup-renamed',
  'instance-backup-retrieved',
  'instance-snapshot-created',
  'instance-snapshot-deleted',
  'instance-snapshot-renamed',
  'instance-snapshot-updated',
  'instance-started',
  'instance-stopped',
  'instance-updated',
  'network-created',
  'network-deleted',
  'network-renamed',
  'network-updated',
  'operation-cancelled',
  'profile-created',
  'profile-deleted',
  'profile-renamed',
  'profile-updated',
  'storage-pool-created',
  'storage-pool-deleted',
  'storage-pool-updated',
  'storage-volume-backup-created',
  'storage-volume-backup-deleted',
  'storage-volume-backup-renamed',
  'storage-volume-backup-retrieved',
  'storage-volume-created',
  'storage-volume-deleted',
  'storage-volume-renamed',
  'storage-volume-restored',
  'storage-volume-snapshot-created',
  'storage-volume-snapshot-deleted',
  'storage-volume-snapshot-renamed',
  'storage-volume-snapshot-updated',
  'storage-volume-updated',
  'warning-acknowledged',
  'warning-deleted',
  'warning-reset',
] as const;

export type LifecycleAction = (typeof lifecycleActions)[number];
