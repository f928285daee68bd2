import { defineVerb } from '../../run/verb.ts';
import { create } from './create.ts';
import { createDetails, createFlags, createRequest } from './request.ts';

export const verb = defineVerb({
  args: '[image] [name]',
  usage: '<image> [name]',
  details: createDetails,
  examples: ['lxctl init build:debian/12 d1', 'lxctl init --empty e1'],
  flags: createFlags,
  async run(call) {
    await create(call, await createRequest(call, call.args), false);
  },
});
