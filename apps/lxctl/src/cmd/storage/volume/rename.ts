import { print } from '../../../output/print.ts';
import { localName } from '../../../run/name.ts';
import { finish } from '../../../run/progress.ts';
import { defineVerb, UsageError } from '../../../run/verb.ts';
import { volumeOrSnapshot } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume> <new-name>',
  usage: '<pool> <volume>[/<snapshot>] <new-name>',
  details: 'A snapshot stays with its volume: its new name may be given alone, or as <volume>/<snapshot>.',
  examples: ['lxctl storage volume rename default data/snap0 before-upgrade'],
  flags: {},
  async run(call) {
    const { args, client, io, config } = call;
    const pool = localName(args[0], 'storage pool');
    const { volume, snapshot } = volumeOrSnapshot(args[1]);
    const [typed, newName] = [args[1], newNameOf(args[2], snapshot === null ? null : volume)];
    if (snapshot === null) await client.pools.renameVolume(pool, volume, newName);
    else await finish(call, await client.pools.renameVolumeSnapshot(pool, volume, snapshot, newName), `Renaming ${volume}/${snapshot}`);
    const what = snapshot === null ? 'storage volume' : 'snapshot';
    if (!config.quiet) print(io, `Renamed ${what} from "${typed.replace(/^custom\//, '')}" to "${args[2]}"`);
  },
});

/** `within`: the volume whose snapshot is renamed. */
function newNameOf(typed: string, within: string | null): string {
  if (within === null) return localName(typed, 'storage volume');
  const { volume, snapshot } = volumeOrSnapshot(typed);
  if (snapshot !== null && volume !== within) throw new UsageError(`The snapshot stays with its volume: "${typed}" names another`);
  return snapshot ?? volume;
}
