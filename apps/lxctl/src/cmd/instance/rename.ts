import { instanceName } from '../../run/name.ts';
import { finish } from '../../run/progress.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<instance> <new-name>',
  flags: {},
  async run(call) {
    const [from, to] = call.args.map(instanceName) as [string, string];
    await finish(call, await call.client.instances.rename(from, { name: to }), `Renaming ${from}`);
  },
});
