import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<warning>',
  details: 'It is not listed any more but with --all.',
  flags: {},
  async run({ args, client }) {
    await client.warnings.setStatus(localName(args[0], 'warning'), 'acknowledged');
  },
});
