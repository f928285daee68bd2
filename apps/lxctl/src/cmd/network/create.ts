import { print } from '../../output/print.ts';
import { keyValues, localName } from '../../run/name.ts';
import { defineVerb, text } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<network> [key=value...]',
  examples: ['lxctl network create net1 ipv4.address=10.5.0.1/24 ipv4.nat=true ipv6.address=none'],
  flags: { type: text('-t, --type <type>', 'Type of network', 'bridge'), description: text('--description <text>', 'Description', '') },
  async run({ args, flags, client, io, config }) {
    const [typed, ...words] = args;
    const name = localName(typed, 'network');
    await client.networks.create({ name, type: flags.type, description: flags.description, config: keyValues(words) });
    if (!config.quiet) print(io, `Network ${name} created`);
  },
});
