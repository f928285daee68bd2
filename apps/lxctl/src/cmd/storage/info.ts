import { printYaml } from '../../output/print.ts';
import { bytes } from '../../output/units.ts';
import { localName } from '../../run/name.ts';
import { defineVerb, toggle } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<pool>',
  flags: { bytes: toggle('--bytes', 'Plain numbers of bytes') },
  async run({ args, flags, client, io }) {
    const name = localName(args[0], 'storage pool');
    const [pool, { space }] = await Promise.all([client.pools.get(name), client.pools.resources(name)]);
    const size = (count: number) => (flags.bytes ? String(count) : bytes(count));
    const info = {
      description: pool.description,
      driver: pool.driver,
      name: pool.name,
      'space used': size(space.used),
      'total space': size(space.total),
    };
    await printYaml(io, { info, 'used by': usedBy(pool.used_by ?? []) });
  },
});

/** URLs as the kinds of things that use the pool. */
function usedBy(urls: readonly string[]): Record<string, string[]> {
  const kinds: Record<string, string[]> = {};
  for (const url of urls) {
    const parts = (url.split('?')[0] ?? '').split('/').slice(2);
    const [kind, name] = parts[0] === 'storage-pools' ? ['volumes', parts.at(-1)] : [parts[0], parts[1]];
    if (kind && name) kinds[kind] = [...(kinds[kind] ?? []), decodeURIComponent(name)];
  }
  return kinds;
}
