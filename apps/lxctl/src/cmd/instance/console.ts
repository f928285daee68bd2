import { instanceName } from '../../run/name.ts';
import { CommandError, defineVerb, text, toggle } from '../../run/verb.ts';
import { attachConsole } from './terminal.ts';

export const verb = defineVerb({
  args: '<instance>',
  details: 'Ctrl-a q leaves the console; the instance goes on.',
  flags: {
    showLog: toggle('--show-log', 'Show what the console has said so far'),
    type: text('-t, --type <type>', 'Kind of console', 'console'),
  },
  async run(call) {
    const { flags, io, client } = call;
    const name = instanceName(call.args[0]);
    if (flags.type !== 'console')
      throw new CommandError(`Console type "${flags.type}" is not supported: containers have none but "console"`);
    if (flags.showLog) io.stdout.write(await client.instances.consoleLog(name));
    else await attachConsole(call, name);
  },
});
