import { instanceNoun } from '../../../noun/nouns.ts';
import { attachVolume } from './attachment.ts';

export const verb = attachVolume(instanceNoun);
