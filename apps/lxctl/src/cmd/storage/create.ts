import { print } from '../../output/print.ts';
import { keyValues, localName } from '../../run/name.ts';
import { defineVerb, text } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<pool> <driver> [key=value...]',
  examples: [
    'lxctl storage create big dir source=/srv/pool',
    'lxctl storage create trees btrfs size=20GiB',
    'lxctl storage create disk btrfs source=/dev/sdb',
  ],
  flags: { description: text('--description <text>', 'Description', '') },
  async run({ args, flags, client, io, config }) {
    const [typed, driver, ...words] = args;
    const name = localName(typed, 'storage pool');
    await client.pools.create({ name, driver, description: flags.description, config: keyValues(words) });
    if (!config.quiet) print(io, `Storage pool ${name} created`);
  },
});
