import { edit } from '../../noun/edit.ts';
import { defineVerb } from '../../run/verb.ts';
import { namedSubject } from './subject.ts';

export const verb = defineVerb({
  args: '[instance]',
  details: 'Opens the configuration as YAML in $VISUAL or $EDITOR; a document on the standard input is taken instead.',
  examples: ['lxctl config edit c1 < c1.yaml'],
  flags: {},
  async run(call) {
    await edit(call.io, namedSubject(call, call.args[0]));
  },
});
