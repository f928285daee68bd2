import { isApiError, type LxctlClient, type FileToWrite } from '#lib/client';
import { localName } from '../../run/name.ts';
import { integer, type Flag, UsageError } from '../../run/verb.ts';

/** A place in an instance: `c1/etc/hosts`. */
export interface Inside {
  instance: string;
  /** From the root on, as it was typed: an end of `/` asks for a directory. */
  path: string;
}

/** UsageError where there is no path. */
export function inside(typed: string): Inside {
  const whole = localName(typed, 'instance');
  const at = whole.indexOf('/');
  if (at <= 0) throw new UsageError(`"${typed}" is not of the form instance/path`);
  return { instance: whole.slice(0, at), path: whole.slice(at) };
}

export function baseName(path: string): string {
  return path.replace(/\/+$/, '').split('/').pop() ?? '';
}

/** -1: not given. */
export const idFlag = (spec: string, about: string) => integer(spec, about, -1);

/** Octal digits, as chmod(1) takes them. */
export function modeFlag(): Flag<number | undefined> {
  const take = (given: string | true) => {
    if (!/^[0-7]{1,5}$/.test(String(given)) || Number.parseInt(String(given), 8) > 0o7777)
      throw new UsageError(`"${given}" is not a mode, which is octal: 0644 (--mode <mode>)`);
    return Number.parseInt(String(given), 8);
  };
  return { spec: '--mode <mode>', about: 'Permissions of what is made, octal', start: undefined, take };
}

/** Makes a directory and those above it; what is there stays as it is. */
export async function makeDirectories(client: LxctlClient, { instance, path }: Inside, owner: FileToWrite): Promise<void> {
  const parts = path.split('/').filter(Boolean);
  for (let count = 1; count <= parts.length; count += 1)
    await client.files.write(instance, `/${parts.slice(0, count).join('/')}`, { ...owner, type: 'directory' });
}

export async function isDirectory(client: LxctlClient, { instance, path }: Inside): Promise<boolean> {
  try {
    return (await client.files.facts(instance, path)).type === 'directory';
  } catch (error) {
    if (isApiError(error, 404)) return false;
    throw error;
  }
}

/** Directories of a path without its last name. */
export function above(path: string): string {
  return path.replace(/\/+$/, '').replace(/\/[^/]*$/, '') || '/';
}
