import { print } from '../../../output/print.ts';
import { localName } from '../../../run/name.ts';
import { finish } from '../../../run/progress.ts';
import { defineVerb } from '../../../run/verb.ts';
import { volumeOrSnapshot } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume>',
  usage: '<pool> <volume>[/<snapshot>]',
  details: 'A volume goes with its snapshots.',
  flags: {},
  async run(call) {
    const { args, client, io, config } = call;
    const pool = localName(args[0], 'storage pool');
    const { volume, snapshot } = volumeOrSnapshot(args[1]);
    if (snapshot === null) await client.pools.deleteVolume(pool, volume);
    else await finish(call, await client.pools.deleteVolumeSnapshot(pool, volume, snapshot), `Deleting ${volume}/${snapshot}`);
    if (!config.quiet) print(io, snapshot === null ? `Storage volume ${volume} deleted` : `Snapshot ${volume}/${snapshot} deleted`);
  },
});
