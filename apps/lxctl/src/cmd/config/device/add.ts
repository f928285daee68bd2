import { addDevice } from '../../../noun/device.ts';
import { instanceNoun } from '../../../noun/nouns.ts';

export const verb = addDevice(instanceNoun);
