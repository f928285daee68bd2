import { instanceName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<instance> <template>',
  flags: {},
  async run({ args, client }) {
    const [instance, template] = args;
    await client.instances.deleteTemplate(instanceName(instance), template);
  },
});
