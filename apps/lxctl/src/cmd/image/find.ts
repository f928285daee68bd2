import type { LxctlClient } from '#lib/client';
import { localName } from '../../run/name.ts';
import { CommandError } from '../../run/verb.ts';

/** The fingerprint that an alias or the beginning of a fingerprint means. CommandError when there is no such image. */
export async function fingerprintOf(client: LxctlClient, typed: string): Promise<string> {
  const found = await client.images.find(localName(typed, 'image'));
  if (!found) throw new CommandError(`Image "${typed}" not found`);
  return found;
}
