import { setVerb } from '../../noun/config-verbs.ts';
import { poolNoun } from '../../noun/nouns.ts';

export const verb = setVerb(poolNoun);
