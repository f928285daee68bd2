import { instanceName } from '../../run/name.ts';
import { finish } from '../../run/progress.ts';
import { defineVerb, text, UsageError } from '../../run/verb.ts';
import { verb as rename } from './rename.ts';

export const verb = defineVerb({
  args: '<instance> [new-name]',
  usage: '<instance> [<new-name>]',
  details: 'Between pools it goes with its snapshots, and must not run. Without --storage it is the same as rename.',
  examples: ['lxctl move web --storage fast', 'lxctl move web shop'],
  flags: { storage: text('-s, --storage <pool>', 'Storage pool that it goes to', '') },
  async run(call) {
    const { args, flags, client } = call;
    const [typed, newName] = args;
    if (newName !== undefined && flags.storage !== '')
      throw new UsageError('an instance moves to a pool or to a name, one after the other');
    if (newName !== undefined) return rename.run({ ...call, args: [typed, newName], flags: {} });
    if (flags.storage === '') throw new UsageError('say where to: a new name, or --storage <pool>');
    const name = instanceName(typed);
    await finish(call, await client.instances.rename(name, { name, pool: flags.storage }), `Moving ${name} to ${flags.storage}`);
  },
});
