import { instanceNoun } from '../../noun/nouns.ts';
import { detachNetwork } from './attachment.ts';

export const verb = detachNetwork(instanceNoun);
