import { printFile } from '../../../output/print.ts';
import { instanceName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<instance> <template>',
  flags: {},
  async run({ args, client, io }) {
    const [instance, template] = args;
    printFile(io, (await client.instances.template(instanceName(instance), template)).toString());
  },
});
