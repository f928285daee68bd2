import { printYaml } from '../../output/print.ts';
import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<warning>',
  flags: {},
  async run({ args, client, io }) {
    await printYaml(io, await client.warnings.get(localName(args[0], 'warning')));
  },
});
