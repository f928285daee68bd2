import { profileNoun } from '../../noun/nouns.ts';
import { attachNetwork } from './attachment.ts';

export const verb = attachNetwork(profileNoun);
