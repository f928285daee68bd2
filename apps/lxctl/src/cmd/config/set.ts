import { setKeys } from '../../noun/keys.ts';
import { keyValues } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';
import { subjectAndPairs } from './subject.ts';

export const verb = defineVerb({
  args: '<words...>',
  usage: '[instance] <key>=<value>...',
  details: "An empty value takes the key away. Without an instance the keys are the server's.",
  examples: ['lxctl config set c1 limits.memory=512MiB limits.cpu=2', 'lxctl config set core.shutdown_timeout=10'],
  flags: {},
  async run(call) {
    const { subject, pairs } = subjectAndPairs(call, call.args);
    await setKeys(subject, keyValues(pairs));
  },
});
