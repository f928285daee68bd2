import { editText } from '../../../noun/edit-text.ts';
import { instanceName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<instance> <template>',
  details: 'Opens the template in $VISUAL or $EDITOR; a text on the standard input is taken instead.',
  examples: ['lxctl config template edit c1 hosts.tpl < hosts.tpl'],
  flags: {},
  async run({ args, client, io }) {
    const [instance, template] = args;
    const name = instanceName(instance);
    await editText(io, {
      read: async () => (await client.instances.template(name, template)).toString(),
      write: (text) => client.instances.writeTemplate(name, template, text),
    });
  },
});
