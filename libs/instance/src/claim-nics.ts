import { claimRefused, claimsOf } from '#lib/device';
import { Expansion } from '#lib/profile';
import type { Store } from '#lib/store';

/** In a transaction that wrote the row: what its network cards have for themselves is its own. LxError 'device.taken'. */
export async function claimNics(writes: Store, id: string): Promise<void> {
  const row = await writes.instances.byId(id);
  if (!row) return;
  const claims = claimsOf((await new Expansion(writes).of(row)).devices, row.volatile);
  await writes.nics.replace(id, claims).catch((error: unknown) => {
    throw claimRefused(error, claims);
  });
}
