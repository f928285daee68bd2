import { instanceName } from '../../../run/name.ts';
import { CommandError, defineVerb } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<instance> <template>',
  details: 'Which file is made of it, and when, the metadata says (lxctl config metadata edit).',
  flags: {},
  async run({ args, client }) {
    const [instance, template] = args;
    const name = instanceName(instance);
    if ((await client.instances.templates(name)).includes(template)) throw new CommandError(`The template ${template} is there already`);
    await client.instances.writeTemplate(name, template, '');
  },
});
