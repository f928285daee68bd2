import { getVerb } from '../../noun/config-verbs.ts';
import { profileNoun } from '../../noun/nouns.ts';

export const verb = getVerb(profileNoun);
