import { unsetDeviceKey } from '../../../noun/device.ts';
import { instanceNoun } from '../../../noun/nouns.ts';

export const verb = unsetDeviceKey(instanceNoun);
