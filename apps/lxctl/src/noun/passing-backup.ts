import { lastName } from '#lib/client';
import type { WireOperation } from '#lib/contract';
import { fileNamed, saveFile } from '../cmd/image/files.ts';
import { print } from '../output/print.ts';
import { finish } from '../run/progress.ts';
import { type Call, CommandError } from '../run/verb.ts';

/** The backup goes when it has been fetched; if this command does not come to that, it goes by itself within two days. */
const dayMs = 24 * 60 * 60 * 1000;
export const goesBy = () => new Date((Math.floor(Date.now() / dayMs) + 2) * dayMs).toISOString();

/** A backup that is there for as long as it is fetched. */
export interface PassingBackup {
  /** What is backed up, by its name. */
  of: string;
  make(): Promise<WireOperation>;
  fetch(backup: string): Promise<{ body: AsyncIterable<Uint8Array>; headers: Record<string, string> }>;
  drop(backup: string): Promise<WireOperation>;
}

/** Has the server back something up, saves that to a file (default: as the server calls it), and leaves no backup on the server. */
export async function exportBackup(call: Call, { of, make, fetch, drop }: PassingBackup, target: string | undefined): Promise<void> {
  const operation = await make();
  await finish(call, operation, `Backing up ${of}`);
  const backup = lastName(operation.resources?.backups?.[0] ?? '');
  if (backup === '') throw new CommandError('The server made a backup but does not say which');
  const { body, headers } = await fetch(backup);
  const path = target ?? (fileNamed(headers) || `${of}.tar`);
  await saveFile(path, body);
  await finish(call, await drop(backup), 'Clearing up');
  if (!call.config.quiet) print(call.io, `Backup exported to ${path}`);
}
