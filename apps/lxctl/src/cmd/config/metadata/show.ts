import { printYaml } from '../../../output/print.ts';
import { instanceName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<instance>',
  flags: {},
  async run({ args, client, io }) {
    await printYaml(io, (await client.instances.metadata(instanceName(args[0]))).metadata);
  },
});
