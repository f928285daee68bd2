import { showDevices } from '../../../noun/device.ts';
import { profileNoun } from '../../../noun/nouns.ts';

export const verb = showDevices(profileNoun);
