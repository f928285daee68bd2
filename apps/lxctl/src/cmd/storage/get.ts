import { getVerb } from '../../noun/config-verbs.ts';
import { poolNoun } from '../../noun/nouns.ts';

export const verb = getVerb(poolNoun);
