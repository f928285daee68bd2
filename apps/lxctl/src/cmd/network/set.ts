import { setVerb } from '../../noun/config-verbs.ts';
import { networkNoun } from '../../noun/nouns.ts';

export const verb = setVerb(networkNoun);
