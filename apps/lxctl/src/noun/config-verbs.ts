import { print, printYaml } from '../output/print.ts';
import { keyValues } from '../run/name.ts';
import { type Call, defineVerb } from '../run/verb.ts';
import { edit } from './edit.ts';
import { getKey, setKeys, unsetKey } from './keys.ts';
import type { Subject } from './subject.ts';

/** Verbs that profiles, networks and pools have alike. */
export interface ConfigNoun {
  word: string;
  /** The group of verbs that works on it: `storage` has those of a `pool`. */
  group: string;
  subject(call: Pick<Call, 'io' | 'client' | 'config'>, typed: string): Subject;
}

export function showVerb({ word, subject }: ConfigNoun) {
  return defineVerb({
    args: '<name>',
    usage: `<${word}>`,
    flags: {},
    async run(call) {
      await printYaml(call.io, (await subject(call, call.args[0]).read()).metadata);
    },
  });
}

export function getVerb({ word, subject }: ConfigNoun) {
  return defineVerb({
    args: '<name> <key>',
    usage: `<${word}> <key>`,
    flags: {},
    async run(call) {
      const [name, key] = call.args;
      print(call.io, await getKey(subject(call, name), key));
    },
  });
}

export function setVerb({ word, subject }: ConfigNoun) {
  return defineVerb({
    args: '<name> <key=value...>',
    usage: `<${word}> <key>=<value>...`,
    flags: {},
    async run(call) {
      const [name, ...words] = call.args;
      await setKeys(subject(call, name), keyValues(words));
    },
  });
}

export function unsetVerb({ word, subject }: ConfigNoun) {
  return defineVerb({
    args: '<name> <key>',
    usage: `<${word}> <key>`,
    flags: {},
    async run(call) {
      const [name, key] = call.args;
      await unsetKey(subject(call, name), key);
    },
  });
}

export function editVerb({ word, group, subject }: ConfigNoun) {
  return defineVerb({
    args: '<name>',
    usage: `<${word}>`,
    details: 'Opens the configuration as YAML in $VISUAL or $EDITOR; a document on the standard input is taken instead.',
    examples: [`lxctl ${group} edit NAME < ${word}.yaml`],
    flags: {},
    async run(call) {
      await edit(call.io, subject(call, call.args[0]));
    },
  });
}
