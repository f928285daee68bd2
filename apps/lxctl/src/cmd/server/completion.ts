import { type Shell, scripts } from '../../complete/scripts.ts';
import { print } from '../../output/print.ts';
import { defineVerb, UsageError } from '../../run/verb.ts';

const shells = Object.keys(scripts) as Shell[];

export const verb = defineVerb({
  args: '<shell>',
  usage: shells.join('|'),
  details:
    'Prints the script by which the shell completes commands, flags, keys, and the names of what the server has. The set-up ' +
    'installs it below /usr/local/share. In one shell: source <(lxctl completion bash)',
  examples: ['lxctl completion bash'],
  flags: {},
  async run({ args: [given], io }) {
    const shell = shells.find((known) => known === given);
    if (!shell) throw new UsageError(`"${given}" is not one of ${shells.join(', ')}`);
    print(io, scripts[shell].trimEnd());
  },
});
