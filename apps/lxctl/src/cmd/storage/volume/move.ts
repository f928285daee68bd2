import { print } from '../../../output/print.ts';
import { finish } from '../../../run/progress.ts';
import { defineVerb } from '../../../run/verb.ts';
import { volumeAt } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<volume> <target>',
  usage: '<pool>/<volume> <pool>/<volume>',
  flags: {},
  async run(call) {
    const source = volumeAt(call.args[0]);
    const target = volumeAt(call.args[1]);
    const { pools } = call.client;
    if (source.pool === target.pool) await pools.renameVolume(source.pool, source.name, target.name);
    else await finish(call, await pools.moveVolume(source.pool, source.name, target), `Moving ${source.name}`);
    if (!call.config.quiet) print(call.io, 'Storage volume moved successfully!');
  },
});
