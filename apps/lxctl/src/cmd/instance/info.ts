import { print, printYaml } from '../../output/print.ts';
import { instanceName, nameOrServer } from '../../run/name.ts';
import { CommandError, defineVerb, toggle } from '../../run/verb.ts';
import { isApiError } from '#lib/client';
import { describeInstance } from './info/describe-instance.ts';

export const verb = defineVerb({
  args: '[instance]',
  details: 'Without an instance: the server.',
  flags: {
    showLog: toggle('--show-log', 'Also the last lines of its log'),
    resources: toggle('--resources', "The server's hardware"),
  },
  async run({ args, flags, client, io }) {
    const typed = nameOrServer(args[0]);
    if (typed === null) {
      if (flags.showLog) throw new CommandError('--show-log needs an instance');
      await printYaml(io, flags.resources ? await client.server.resources() : await client.server.get());
      return;
    }
    const name = instanceName(typed);
    print(io, describeInstance(await client.instances.getFull(name)));
    if (!flags.showLog) return;
    const log = await client.instances.log(name, 'lxc.log').catch((error: unknown) => {
      if (isApiError(error, 404)) return Buffer.alloc(0);
      throw error;
    });
    const lines = log.toString().trimEnd().split('\n').slice(-100).join('\n');
    print(io, `\nLog:\n\n${lines}`);
  },
});
