import { printYaml } from '../../output/print.ts';
import { defineVerb } from '../../run/verb.ts';
import { fingerprintOf } from './find.ts';

const fields = ['auto_update', 'properties', 'public', 'expires_at', 'profiles'] as const;

export const verb = defineVerb({
  args: '<image>',
  flags: {},
  async run({ args, client, io }) {
    const image = await client.images.get(await fingerprintOf(client, args[0]));
    await printYaml(io, Object.fromEntries(fields.map((field) => [field, image[field]])));
  },
});
