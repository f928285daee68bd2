import { listDevices } from '../../../noun/device.ts';
import { profileNoun } from '../../../noun/nouns.ts';

export const verb = listDevices(profileNoun);
