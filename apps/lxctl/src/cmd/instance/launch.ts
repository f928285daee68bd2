import { defineVerb, toggle } from '../../run/verb.ts';
import { attachConsole } from './terminal.ts';
import { create } from './create.ts';
import { createDetails, createFlags, createRequest } from './request.ts';

export const verb = defineVerb({
  args: '[image] [name]',
  usage: '<image> [name]',
  details: createDetails,
  examples: [
    'lxctl launch ubuntu u1',
    'lxctl launch build:debian/12 d1',
    'lxctl launch build:busybox b1 -c limits.memory=64MiB',
    'lxctl launch debian d2 < d2.yaml',
  ],
  flags: { ...createFlags, console: toggle('--console', 'Attach to the console at once') },
  async run(call) {
    const name = await create(call, await createRequest(call, call.args), true);
    if (call.flags.console) await attachConsole(call, name);
  },
});
