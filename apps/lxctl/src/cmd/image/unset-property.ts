import { CommandError, defineVerb } from '../../run/verb.ts';
import { changeProperties } from './properties.ts';

export const verb = defineVerb({
  args: '<image> <property>',
  flags: {},
  async run({ args, client }) {
    const [typed, name] = args;
    await changeProperties(client, typed, (properties) => {
      if (!Object.hasOwn(properties, name)) throw new CommandError(`Property "${name}" not found`);
      delete properties[name];
    });
  },
});
