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

/** `<pool>/<volume>`, as copy and move have it. */
export function volumeAt(typed: string): { pool: string; name: string } {
  const [pool = '', ...rest] = localName(typed, 'storage volume').split('/');
  const name = rest.join('/');
  if (pool === '' || name === '' || name.includes('/')) throw new UsageError(`"${typed}" is not <pool>/<volume>`);
  return { pool, name };
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
