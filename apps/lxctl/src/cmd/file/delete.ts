import { defineVerb } from '../../run/verb.ts';
import { inside } from './inside.ts';

export const verb = defineVerb({
  args: '<path...>',
  usage: '<instance>/<path>...',
  details: 'Files, links and empty directories.',
  examples: ['lxctl file delete c1/tmp/old c1/tmp/older'],
  flags: {},
  async run({ args, client }) {
    for (const { instance, path } of args.map(inside)) await client.files.remove(instance, path);
  },
});
