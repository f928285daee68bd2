import { getKey } from '../../../noun/keys.ts';
import { print } from '../../../output/print.ts';
import { defineVerb } from '../../../run/verb.ts';
import { volumeSubject } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume> <key>',
  flags: {},
  async run(call) {
    const [pool, name, key] = call.args;
    print(call.io, await getKey(volumeSubject(call, pool, name), key));
  },
});
