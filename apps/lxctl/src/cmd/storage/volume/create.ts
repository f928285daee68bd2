import { print } from '../../../output/print.ts';
import { keyValues, localName } from '../../../run/name.ts';
import { defineVerb, text } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<pool> <volume> [key=value...]',
  examples: ['lxctl storage volume create default data user.owner=me'],
  flags: { type: text('--type <type>', 'Content type: filesystem, the only one of this server', 'filesystem') },
  async run({ args, flags, client, io, config }) {
    const [pool, name, ...words] = args;
    await client.pools.createVolume(localName(pool, 'storage pool'), { name, content_type: flags.type, config: keyValues(words) });
    if (!config.quiet) print(io, `Storage volume ${name} created`);
  },
});
