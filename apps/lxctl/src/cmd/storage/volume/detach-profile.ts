import { profileNoun } from '../../../noun/nouns.ts';
import { detachVolume } from './attachment.ts';

export const verb = detachVolume(profileNoun);
