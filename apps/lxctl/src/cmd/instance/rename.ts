import { instanceOrSnapshot } from '../../run/name.ts';
import { finish } from '../../run/progress.ts';
import { defineVerb, UsageError } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<instance> <new-name>',
  usage: '<instance>[/<snapshot>] <new-name>',
  examples: ['lxctl rename web shop', 'lxctl rename web/snap0 web/first'],
  flags: {},
  async run(call) {
    const { instances } = call.client;
    const from = instanceOrSnapshot(call.args[0]);
    const to = instanceOrSnapshot(call.args[1]);
    if (from.snapshot === null) {
      if (to.snapshot !== null) throw new UsageError('an instance cannot become a snapshot');
      return void (await finish(call, await instances.rename(from.name, { name: to.name }), `Renaming ${from.name}`));
    }
    if (to.snapshot !== null && to.name !== from.name) throw new UsageError('a snapshot stays with its instance');
    const operation = await instances.renameSnapshot(from.name, from.snapshot, to.snapshot ?? to.name);
    await finish(call, operation, `Renaming ${from.name}/${from.snapshot}`);
  },
});
