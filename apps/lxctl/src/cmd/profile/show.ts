import { showVerb } from '../../noun/config-verbs.ts';
import { profileNoun } from '../../noun/nouns.ts';

export const verb = showVerb(profileNoun);
