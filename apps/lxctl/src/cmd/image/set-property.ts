import { defineVerb } from '../../run/verb.ts';
import { changeProperties } from './properties.ts';

export const verb = defineVerb({
  args: '<image> <property> <value>',
  examples: ['lxctl image set-property debian/12 release bookworm'],
  flags: {},
  async run({ args, client }) {
    const [typed, name, value] = args;
    await changeProperties(client, typed, (properties) => {
      properties[name] = value;
    });
  },
});
