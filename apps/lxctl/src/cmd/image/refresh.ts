import { print } from '../../output/print.ts';
import { finish } from '../../run/progress.ts';
import { defineVerb } from '../../run/verb.ts';
import { fingerprintOf } from './find.ts';

export const verb = defineVerb({
  args: '<image...>',
  details: 'Images make way for newer ones of where they came from, with their aliases.',
  flags: {},
  async run(call) {
    const { io, client } = call;
    for (const typed of call.args) {
      const fingerprint = await fingerprintOf(client, typed);
      const done = await finish(call, await client.images.refresh(fingerprint), `Refreshing ${typed}`);
      print(io, done.metadata?.refreshed === true ? `${typed}: there was a newer one` : `${typed}: it is the newest`);
    }
  },
});
