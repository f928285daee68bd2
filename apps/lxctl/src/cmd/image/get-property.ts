import { print } from '../../output/print.ts';
import { CommandError, defineVerb } from '../../run/verb.ts';
import { fingerprintOf } from './find.ts';

export const verb = defineVerb({
  args: '<image> <property>',
  flags: {},
  async run({ args, client, io }) {
    const [typed, name] = args;
    const { properties } = await client.images.get(await fingerprintOf(client, typed));
    if (!Object.hasOwn(properties, name)) throw new CommandError(`Property "${name}" not found`);
    print(io, properties[name] ?? '');
  },
});
