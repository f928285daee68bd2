import { addDevice } from '../../../noun/device.ts';
import { profileNoun } from '../../../noun/nouns.ts';

export const verb = addDevice(profileNoun);
