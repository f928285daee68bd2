import { finish } from '../../run/progress.ts';
import { defineVerb } from '../../run/verb.ts';
import { fingerprintOf } from './find.ts';

export const verb = defineVerb({
  args: '<image...>',
  flags: {},
  async run(call) {
    for (const typed of call.args) {
      const fingerprint = await fingerprintOf(call.client, typed);
      await finish(call, await call.client.images.delete(fingerprint), `Deleting ${typed}`);
    }
  },
});
