import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * For specs of the root lane: why this machine cannot run them, '' where it can. The reason goes into the title, so that a
 * skipped test says what it lacks: `describe.skipIf(why !== '')(titled('NftFirewall', why), ...)`.
 */
export function lackOfRoot(...programs: string[]): string {
  return process.getuid?.() === 0 ? lackOf(...programs) : 'needs root';
}

/** The same for specs that run a program and need no root. */
export function lackOf(...programs: string[]): string {
  const missing = programs.filter((program) => !folders.some((folder) => isExecutable(join(folder, program))));
  return missing.length === 0 ? '' : `needs ${missing.join(', ')}`;
}

export function titled(title: string, why: string): string {
  return why === '' ? title : `${title} (${why})`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
