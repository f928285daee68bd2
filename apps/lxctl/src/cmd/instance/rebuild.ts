import type { WireInstanceSource } from '#lib/contract';
import { instanceName } from '../../run/name.ts';
import { finish } from '../../run/progress.ts';
import { CommandError, defineVerb, toggle, UsageError } from '../../run/verb.ts';
import { imageSource } from './image-source.ts';
import { changeState } from './state.ts';

export const verb = defineVerb({
  args: '[image] [instance]',
  usage: '<image> <instance>',
  details:
    'What the instance holds is given up; its configuration and devices stay. It must have no snapshots. An instance that runs is refused, or with --force stopped and started again.',
  examples: ['lxctl rebuild --force build:debian/12 web', 'lxctl rebuild --force --empty web'],
  flags: {
    empty: toggle('--empty', 'Without an image: it holds nothing then'),
    force: toggle('-f, --force', 'Also when it runs: kill it first'),
  },
  async run(call) {
    const { flags, client } = call;
    const { image, name } = wanted(call.args, flags.empty);
    const { status, ephemeral } = await client.instances.get(name);
    const source: WireInstanceSource = image === undefined ? { type: 'none' } : await imageSource(call, image);
    const runs = status === 'Running' || status === 'Frozen';
    if (runs && !flags.force) throw new CommandError('The instance is currently running, stop it first or pass --force');
    if (runs && ephemeral) throw new CommandError('The instance is ephemeral: it would be gone when it is stopped');
    if (runs) await changeState(call, name, { action: 'stop', timeout: -1, force: true });
    await finish(call, await client.instances.rebuild(name, source), `Rebuilding ${name}`);
    if (runs && !flags.empty) await changeState(call, name, { action: 'start', timeout: -1, force: false });
  },
});

function wanted(args: readonly (string | undefined)[], empty: boolean): { image?: string; name: string } {
  const [first, second] = args;
  if (empty && second !== undefined) throw new UsageError('an instance, and no image, goes with --empty');
  if (empty && first !== undefined) return { name: instanceName(first) };
  if (first !== undefined && second !== undefined) return { image: first, name: instanceName(second) };
  throw new UsageError('missing argument: an image and an instance (or --empty)');
}
