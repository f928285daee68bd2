import { unsetDeviceKey } from '../../../noun/device.ts';
import { profileNoun } from '../../../noun/nouns.ts';

export const verb = unsetDeviceKey(profileNoun);
