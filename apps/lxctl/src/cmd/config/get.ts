import { getKey } from '../../noun/keys.ts';
import { print } from '../../output/print.ts';
import { defineVerb, toggle } from '../../run/verb.ts';
import { subjectAndKey } from './subject.ts';

export const verb = defineVerb({
  args: '<words...>',
  usage: '[instance] <key>',
  flags: { expanded: toggle('-e, --expanded', 'With what the profiles bring') },
  async run(call) {
    const { subject, key } = subjectAndKey(call, call.args);
    print(call.io, await getKey(subject, key, call.flags.expanded));
  },
});
