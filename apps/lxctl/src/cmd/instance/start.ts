import { defineVerb, toggle, UsageError } from '../../run/verb.ts';
import { changeMany, changeState } from './state.ts';
import { attachConsole } from './terminal.ts';
import { instanceName } from '../../run/name.ts';

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
    if (flags.console && (flags.all || args.length !== 1)) throw new UsageError('--console is for one instance');
    const code = await changeMany(call, args, { all: flags.all, from: ['Stopped', 'Frozen'] }, async (name) => {
      const { status } = await client.instances.get(name);
      await changeState(call, name, { action: status === 'Frozen' ? 'unfreeze' : 'start', timeout: -1, force: false });
    });
    if (flags.console && args[0] !== undefined) await attachConsole(call, instanceName(args[0]));
    return code;
  },
});
