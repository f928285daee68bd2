import type { Contents } from '../archive-rules.ts';

/** Of what a backup in LXD's format is: where its parts lie in the archive, and what each of them is to hold. */
export interface BackupKind {
  /** As people call it. */
  name: string;
  /** Directory of the thing itself. */
  whole: string;
  /** Directory that holds one for each snapshot. */
  snapshots: string;
  contents: Contents;
}

export const containerBackup: BackupKind = { name: 'a container', whole: 'container', snapshots: 'snapshots', contents: 'unified' };
export const volumeBackup: BackupKind = { name: 'a custom volume', whole: 'volume', snapshots: 'volume-snapshots', contents: 'volume' };
