import { setKeys } from '../../../noun/keys.ts';
import { keyValues } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';
import { volumeSubject } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume> <key=value...>',
  usage: '<pool> <volume> <key>=<value>...',
  flags: {},
  async run(call) {
    const [pool, name, ...words] = call.args;
    await setKeys(volumeSubject(call, pool, name), keyValues(words));
  },
});
