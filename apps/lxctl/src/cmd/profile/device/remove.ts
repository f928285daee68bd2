import { removeDevice } from '../../../noun/device.ts';
import { profileNoun } from '../../../noun/nouns.ts';

export const verb = removeDevice(profileNoun);
