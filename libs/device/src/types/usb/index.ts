import { defineKeys, isTrue, keyTypes } from '#lib/contract';
import type { DeviceType } from '../../device-type.ts';
import { hardwareId, isHardware, ownerOptions, searchedLife } from '../../nodes.ts';

const { bool, oneOf } = keyTypes;

/** Devices on the host's USB, by their nodes below /dev/bus/usb. */
export const usb: DeviceType = {
  catalogue: defineKeys('device.usb', {
    type: { type: oneOf('usb'), doc: 'What the device is.', live: false },
    vendorid: { type: hardwareId, doc: 'Vendor. Left out: any.', live: false },
    productid: { type: hardwareId, doc: 'Product. Left out: any.', live: false },
    ...ownerOptions,
    required: {
      type: bool,
      doc: 'Whether the instance starts only with one there, and keeps what it started with. `false`: they come and go as the host has them.',
      default: 'false',
      live: false,
    },
  }),
  unsupported: ['busnum', 'devnum', 'serial'],
  problems: () => [],
  life: searchedLife({
    type: 'usb',
    chosen: (devices, options) => devices.filter((each) => each.subsystem === 'usb' && isHardware(each, options)),
    required: ({ required }) => isTrue(required),
    lack: () => 'Required USB device not found',
  }),
};
