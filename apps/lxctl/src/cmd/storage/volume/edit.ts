import { edit } from '../../../noun/edit.ts';
import { defineVerb } from '../../../run/verb.ts';
import { volumeSubject } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume>',
  details: 'Opens the configuration as YAML in $VISUAL or $EDITOR; a document on the standard input is taken instead.',
  examples: ['lxctl storage volume edit default data < volume.yaml'],
  flags: {},
  async run(call) {
    await edit(call.io, volumeSubject(call, call.args[0], call.args[1]));
  },
});
