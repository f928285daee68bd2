import { defineVerb, toggle } from '../../run/verb.ts';
import { changeMany, changeState } from './state.ts';
import { attachConsole, oneAttached } from './terminal.ts';

export const verb = defineVerb({
  args: '[instance...]',
  usage: '<instance>...',
  details: 'Also resumes an instance that is paused.',
  flags: {
    all: toggle('--all', 'All instances that are stopped or paused'),
    console: toggle('--console', 'Attach to the console at once'),
    stateless: toggle('--stateless', 'Accepted for compatibility: no saved state is ever used'),
  },
  async run(call) {
    const { args, flags, client } = call;
    const attached = flags.console ? oneAttached(args, flags.all) : null;
    const code = await changeMany(call, args, { all: flags.all, from: ['Stopped', 'Frozen'] }, async (name) => {
      const { status } = await client.instances.get(name);
      await changeState(call, name, { action: status === 'Frozen' ? 'unfreeze' : 'start', timeout: -1, force: false });
    });
    if (attached !== null) await attachConsole(call, attached);
    return code;
  },
});
