import type { LxctlClient } from '#lib/client';

/** Points the aliases at the image, taking over those that exist. */
export async function putAliases(client: LxctlClient, names: readonly string[], fingerprint: string): Promise<void> {
  if (names.length === 0) return;
  const known = new Map((await client.images.aliases()).map((alias) => [alias.name, alias.target]));
  for (const name of names) {
    if (known.get(name) === fingerprint) continue;
    if (known.has(name)) await client.images.deleteAlias(name);
    await client.images.createAlias({ name, target: fingerprint });
  }
}
