import {
  badExpiry,
  type Compression,
  LxError,
  nextSnapshotName,
  problemsOf,
  readExpiry,
  readKey,
  refuse,
  serverKeys,
  wantedCompression,
} from '#lib/contract';
import type { StringMap } from '#lib/base';
import { backupNameProblems } from './name.ts';

/** What a request for a backup asks. */
export interface BackupRequest {
  /** Empty: backup0, backup1, ... */
  name: string;
  /** RFC 3339; null: never. */
  expiresAt: string | null;
  /** Without the snapshots. */
  alone: boolean;
  /** In a form of the pool's own. */
  optimized: boolean;
  /** Empty: as the server's config says. */
  compression: string;
}

/** What the request comes to. */
export type PlannedBackup = {
  backup: string;
  alone: boolean;
  compression: Compression;
  /** RFC 3339. */
  createdAt: string;
  expiresAt: string | null;
};

interface Beside {
  /** What is backed up, by its name. */
  of: string;
  /** Names of the backups that there are of it. */
  names: readonly string[];
  /** The server's. */
  config: StringMap;
  at: Date;
}

/** LxError 'request.invalid' with every problem, 'request.unsupported', 'backup.exists'. */
export function planBackup(
  { name, expiresAt, alone, optimized, compression }: BackupRequest,
  { of, names, config, at }: Beside,
): PlannedBackup {
  const expires = expiresAt === null ? null : readExpiry(expiresAt);
  refuse([...(name === '' ? [] : backupNameProblems(name)), ...problemsOf([[expires === undefined, badExpiry(expiresAt)]])]);
  const chosen = wantedCompression(compression) ?? readKey(serverKeys, config, 'backups.compression_algorithm');
  if (optimized) throw new LxError('request.unsupported', { what: 'optimized_storage: backups hold plain files, which every pool reads' });
  if (names.includes(name)) throw new LxError('backup.exists', { name: `${of}/${name}` });
  return {
    ...{ backup: name || nextSnapshotName('backup%d', names), alone, compression: chosen },
    ...{ createdAt: at.toISOString(), expiresAt: expires?.toISOString() ?? null },
  };
}
