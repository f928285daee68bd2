import { localName } from '../../run/name.ts';
import { print } from '../../output/print.ts';
import { defineVerb, many } from '../../run/verb.ts';
import { build } from '../instance/image-source.ts';
import { putAliases } from './aliases.ts';

export const verb = defineVerb({
  args: '<recipe>',
  details: 'The server makes the image itself from a recipe, such as busybox or debian/12, and keeps it under an alias of that name.',
  examples: ['lxctl image build debian/12'],
  flags: { alias: many('--alias <name>', 'A further alias (may be repeated)') },
  async run(call) {
    const recipe = localName(call.args[0].replace(/^build:/, ''), 'recipe');
    const fingerprint = await build(call, recipe);
    await putAliases(call.client, call.flags.alias, fingerprint);
    print(call.io, `Image built with fingerprint: ${fingerprint}`);
  },
});
