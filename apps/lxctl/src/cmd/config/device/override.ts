import { overrideDevice } from '../../../noun/device.ts';
import { instanceNoun } from '../../../noun/nouns.ts';

export const verb = overrideDevice(instanceNoun);
