import { instanceName } from '../../run/name.ts';
import { finish } from '../../run/progress.ts';
import { CommandError, defineVerb, toggle } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<instance> <snapshot>',
  details: 'Files and configuration become those of the snapshot. An instance that runs is stopped for it and started again.',
  examples: ['lxctl restore web before-upgrade'],
  flags: { stateful: toggle('--stateful', 'Refused: the memory of an instance cannot be saved') },
  async run(call) {
    const { args, flags, client } = call;
    if (flags.stateful) throw new CommandError('Stateful snapshots are not supported');
    const name = instanceName(args[0]);
    await finish(call, await client.instances.replace(name, { restore: args[1] }), `Restoring ${name}`);
  },
});
