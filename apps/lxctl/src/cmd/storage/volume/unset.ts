import { unsetKey } from '../../../noun/keys.ts';
import { defineVerb } from '../../../run/verb.ts';
import { volumeSubject } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume> <key>',
  flags: {},
  async run(call) {
    const [pool, name, key] = call.args;
    await unsetKey(volumeSubject(call, pool, name), key);
  },
});
