import { getDeviceKey } from '../../../noun/device.ts';
import { instanceNoun } from '../../../noun/nouns.ts';

export const verb = getDeviceKey(instanceNoun);
