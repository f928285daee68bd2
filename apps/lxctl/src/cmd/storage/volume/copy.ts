import { print } from '../../../output/print.ts';
import { finish } from '../../../run/progress.ts';
import { defineVerb, toggle } from '../../../run/verb.ts';
import { volumeAt, volumeOrSnapshotAt } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<volume> <target>',
  usage: '<pool>/<volume>[/<snapshot>] <pool>/<volume>',
  flags: { volumeOnly: toggle('--volume-only', 'Copy the volume without its snapshots') },
  async run(call) {
    const source = volumeOrSnapshotAt(call.args[0]);
    const target = volumeAt(call.args[1]);
    const wanted = { name: target.name, source: { ...source, volume_only: call.flags.volumeOnly } };
    await finish(call, await call.client.pools.copyVolume(target.pool, wanted), `Copying ${source.name}`);
    if (!call.config.quiet) print(call.io, 'Storage volume copied successfully!');
  },
});
