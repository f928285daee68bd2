import { removeDevice } from '../../../noun/device.ts';
import { instanceNoun } from '../../../noun/nouns.ts';

export const verb = removeDevice(instanceNoun);
