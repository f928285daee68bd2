import { unsetKey } from '../../noun/keys.ts';
import { defineVerb } from '../../run/verb.ts';
import { subjectAndKey } from './subject.ts';

export const verb = defineVerb({
  args: '<words...>',
  usage: '[instance] <key>',
  flags: {},
  async run(call) {
    const { subject, key } = subjectAndKey(call, call.args);
    await unsetKey(subject, key);
  },
});
