import { instanceName, localName } from '../run/name.ts';
import { instanceSubject, networkSubject, poolSubject, profileSubject } from './subject.ts';
import type { ConfigNoun } from './config-verbs.ts';

export const instanceNoun: ConfigNoun = {
  word: 'instance',
  group: 'config',
  subject: (call, typed) => instanceSubject(call, instanceName(typed)),
};
export const profileNoun: ConfigNoun = {
  word: 'profile',
  group: 'profile',
  subject: (call, typed) => profileSubject(call, localName(typed, 'profile')),
};
export const networkNoun: ConfigNoun = {
  word: 'network',
  group: 'network',
  subject: (call, typed) => networkSubject(call, localName(typed, 'network')),
};
export const poolNoun: ConfigNoun = {
  word: 'pool',
  group: 'storage',
  subject: (call, typed) => poolSubject(call, localName(typed, 'storage pool')),
};
