import { instanceOrSnapshot, localName } from '../../run/name.ts';
import { isApiError } from '#lib/client';
import { isTrue } from '#lib/contract';
import { finish } from '../../run/progress.ts';
import { type Call, CommandError, defineVerb, toggle } from '../../run/verb.ts';
import { changeMany, changeState } from './state.ts';

export const verb = defineVerb({
  args: '<instance...>',
  usage: '<instance>[/<snapshot>]...',
  flags: {
    force: toggle('-f, --force', 'Also when it runs: kill it first'),
    interactive: toggle('-i, --interactive', 'Ask before each'),
  },
  async run(call) {
    const { args, flags, io } = call;
    if (!flags.interactive)
      return changeMany(call, args, { all: false, from: [] }, (name) => remove(call, name, flags.force), withSnapshot);
    for (const typed of args) {
      const answer = await io.ask(`Delete ${typed}? (yes/no): `);
      if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('Nothing more was deleted');
      await changeMany(call, [typed], { all: false, from: [] }, (name) => remove(call, name, flags.force), withSnapshot);
    }
    return 0;
  },
});

/** `c1` or `c1/snap0`. */
const withSnapshot = (word: string) => localName(word, 'instance');

async function remove(call: Pick<Call, 'io' | 'client' | 'config'>, typed: string, force: boolean): Promise<void> {
  const { client } = call;
  const { name, snapshot } = instanceOrSnapshot(typed);
  if (snapshot !== null)
    return void (await finish(call, await client.instances.deleteSnapshot(name, snapshot), `Deleting ${name}/${snapshot}`));
  const { status, ephemeral, expanded_config } = await client.instances.get(name);
  // Before it is stopped: the server would refuse the deletion, and it would stand still for nothing.
  if (isTrue(expanded_config['security.protection.delete'])) throw new CommandError('Instance is protected');
  if (status === 'Running' || status === 'Frozen') {
    if (!force) throw new CommandError('The instance is currently running, stop it first or pass --force');
    await changeState(call, name, { action: 'stop', timeout: -1, force: true });
    if (ephemeral) return;
  }
  try {
    await finish(call, await client.instances.delete(name), `Deleting ${name}`);
  } catch (error) {
    // It shut itself down between the two requests, and being ephemeral is gone already.
    if (!(ephemeral && isApiError(error, 404))) throw error;
  }
}
