import { defineKeys, keyTypes } from '#lib/contract';
import type { DeviceType } from '../../device-type.ts';

/** Stands in the way of a profile's device of the same name. */
export const none: DeviceType = {
  catalogue: defineKeys('device.none', {
    type: {
      type: keyTypes.oneOf('none'),
      doc: 'What the device is: nothing, in place of a device of this name from a profile.',
      live: false,
    },
  }),
  unsupported: [],
  problems: () => [],
};
