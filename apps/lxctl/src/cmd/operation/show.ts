import { toYaml } from '../../output/format.ts';
import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<operation>',
  flags: {},
  async run({ args, client, io }) {
    io.stdout.write(await toYaml(await client.operations.get(localName(args[0], 'operation'))));
  },
});
