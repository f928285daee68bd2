import { poolKeys, validateConfig } from '#lib/contract';
import type { StringMap } from '#lib/base';

/** Problems of a pool's name, in a list. */
export function poolNameProblems(name: string): string[] {
  if (name === '') return ['No name provided'];
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) {
    return [`Invalid storage pool name ${JSON.stringify(name)}: letters, digits, dots, dashes and underscores only, at most 63`];
  }
  return [];
}

/** Problems of what a client wants to set; `volatile.*` is the server's. */
export function poolConfigProblems(driver: string, config: StringMap): string[] {
  const catalogue = poolKeys[driver];
  return catalogue ? validateConfig(catalogue, config, { unknown: (key) => `Invalid option ${JSON.stringify(key)}` }) : [];
}
