import { editVerb } from '../../noun/config-verbs.ts';
import { profileNoun } from '../../noun/nouns.ts';

export const verb = editVerb(profileNoun);
