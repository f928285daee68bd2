import { localName } from '../../../run/name.ts';
import { type Call, UsageError } from '../../../run/verb.ts';
import type { Body, Subject } from '../../../noun/subject.ts';

type Context = Pick<Call, 'io' | 'client' | 'config'>;

/** The custom volume that was typed: `[custom/]<volume>`. */
export function customName(typed: string): string {
  const name = typed.startsWith('custom/') ? typed.slice('custom/'.length) : typed;
  if (name === '' || name.includes('/')) throw new UsageError(`"${typed}" is not a custom volume`);
  return name;
}

/** `<volume>/<snapshot>`, or a volume alone. */
export function volumeOrSnapshot(typed: string): { volume: string; snapshot: string | null } {
  const words = (typed.startsWith('custom/') ? typed.slice('custom/'.length) : typed).split('/');
  const [volume = '', snapshot = null] = words;
  if (words.length > 2 || words.includes('')) throw new UsageError(`"${typed}" is not a custom volume, nor a snapshot of one`);
  return { volume, snapshot };
}

/** `<pool>/<volume>`, as copy and move have it. */
export function volumeAt(typed: string): { pool: string; name: string } {
  const [pool = '', ...rest] = localName(typed, 'storage volume').split('/');
  const name = rest.join('/');
  if (pool === '' || name === '' || name.includes('/')) throw new UsageError(`"${typed}" is not <pool>/<volume>`);
  return { pool, name };
}

/** The same, or `<pool>/<volume>/<snapshot>`. */
export function volumeOrSnapshotAt(typed: string): { pool: string; name: string } {
  const [pool = '', ...rest] = localName(typed, 'storage volume').split('/');
  if (pool === '' || rest.length > 2 || rest.length === 0 || rest.includes(''))
    throw new UsageError(`"${typed}" is not <pool>/<volume>, nor <pool>/<volume>/<snapshot>`);
  return { pool, name: rest.join('/') };
}

export function volumeSubject({ client }: Context, typedPool: string, typed: string): Subject {
  const pool = localName(typedPool, 'storage pool');
  const name = customName(typed);
  return {
    label: `storage volume ${name}`,
    fields: ['config', 'description'],
    read: async () => {
      const { metadata, ...rest } = await client.pools.readVolume(pool, name);
      return { ...rest, metadata: metadata as unknown as Body };
    },
    write: (body, etag) => client.pools.replaceVolume(pool, name, { description: '', ...body }, etag),
  };
}

export function volumeSnapshotSubject({ client }: Context, typedPool: string, volume: string, snapshot: string): Subject {
  const pool = localName(typedPool, 'storage pool');
  return {
    label: `snapshot ${volume}/${snapshot}`,
    fields: ['description', 'expires_at'],
    read: async () => {
      const { metadata, ...rest } = await client.pools.readVolumeSnapshot(pool, volume, snapshot);
      return { ...rest, metadata: metadata as unknown as Body };
    },
    write: ({ description = '', expires_at }, etag) =>
      client.pools.replaceVolumeSnapshot(
        pool,
        volume,
        snapshot,
        { description, expires_at: typeof expires_at === 'string' ? expires_at : '' },
        etag,
      ),
  };
}
