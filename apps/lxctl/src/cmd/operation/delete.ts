import { print } from '../../output/print.ts';
import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<operation>',
  details: 'Cancels it, where that is possible.',
  flags: {},
  async run({ args, client, io, config }) {
    const id = localName(args[0], 'operation');
    await client.operations.cancel(id);
    if (!config.quiet) print(io, `Operation ${id} deleted`);
  },
});
