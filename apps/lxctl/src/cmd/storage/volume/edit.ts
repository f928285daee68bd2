import { edit } from '../../../noun/edit.ts';
import { defineVerb } from '../../../run/verb.ts';
import { volumeOrSnapshot, volumeSnapshotSubject, volumeSubject } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume>',
  usage: '<pool> <volume>[/<snapshot>]',
  details:
    'Opens the configuration as YAML in $VISUAL or $EDITOR; a document on the standard input is taken instead. A snapshot has a description and an end.',
  examples: ['lxctl storage volume edit default data < volume.yaml'],
  flags: {},
  async run(call) {
    const [pool, typed] = call.args;
    const { volume, snapshot } = volumeOrSnapshot(typed);
    await edit(call.io, snapshot === null ? volumeSubject(call, pool, volume) : volumeSnapshotSubject(call, pool, volume, snapshot));
  },
});
