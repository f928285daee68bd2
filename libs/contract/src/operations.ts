/**
 * Every kind of operation the server runs. `description` is what `lxc operation list` shows (LXD's words).
 * A kind is one row here and one file in the domain library that owns it.
 */
export const operationCatalogue = {
  'instance.create': { description: 'Creating instance' },
  'instance.move': { description: 'Moving instance' },
  'instance.rebuild': { description: 'Rebuilding instance' },
  'instance.refresh': { description: 'Refreshing instance' },
  'instance.import': { description: 'Restoring backup' },
  'instance.copy': { description: 'Creating instance' },
  'instance.update': { description: 'Updating instance' },
  'instance.rename': { description: 'Renaming instance' },
  'instance.delete': { description: 'Deleting instance' },
  'instance.start': { description: 'Starting instance' },
  'instance.stop': { description: 'Stopping instance' },
  'instance.restart': { description: 'Restarting instance' },
  'instance.freeze': { description: 'Freezing instance' },
  'instance.unfreeze': { description: 'Unfreezing instance' },
  'instance.exec': { description: 'Executing command' },
  'instance.console': { description: 'Showing console' },
  'snapshot.create': { description: 'Snapshotting instance' },
  'snapshot.rename': { description: 'Renaming snapshot' },
  'snapshot.update': { description: 'Updating snapshot' },
  'snapshot.delete': { description: 'Deleting snapshot' },
  'snapshot.restore': { description: 'Restoring snapshot' },
  'backup.create': { description: 'Backing up instance' },
  'backup.rename': { description: 'Renaming instance backup' },
  'backup.delete': { description: 'Deleting instance backup' },
  'volume.create': { description: 'Creating storage volume' },
  'volume.copy': { description: 'Copying storage volume' },
  'volume.move': { description: 'Moving storage volume' },
  'volume.rename': { description: 'Renaming storage volume' },
  'volume.delete': { description: 'Deleting storage volume' },
  'volume.restore': { description: 'Restoring storage volume' },
  'volume_snapshot.create': { description: 'Creating storage volume snapshot' },
  'volume_snapshot.rename': { description: 'Renaming storage volume snapshot' },
  'volume_snapshot.delete': { description: 'Deleting storage volume snapshot' },
  'image.create': { description: 'Downloading image' },
  'image.delete': { description: 'Deleting image' },
} as const;

export type OperationKind = keyof typeof operationCatalogue;
