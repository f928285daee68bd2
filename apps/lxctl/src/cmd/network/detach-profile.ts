import { profileNoun } from '../../noun/nouns.ts';
import { detachNetwork } from './attachment.ts';

export const verb = detachNetwork(profileNoun);
