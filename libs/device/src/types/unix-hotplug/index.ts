import { defineKeys, isTrue, keyTypes, problemsOf } from '#lib/contract';
import type { DeviceType } from '../../device-type.ts';
import { hardwareId, isHardware, ownerOptions, searchedLife } from '../../nodes.ts';

const { bool, oneOf } = keyTypes;

/** What a piece of hardware has as nodes beside those of its bus: serial ports, input devices, disks. */
export const unixHotplug: DeviceType = {
  catalogue: defineKeys('device.unix-hotplug', {
    type: { type: oneOf('unix-hotplug'), doc: 'What the device is.', live: false },
    vendorid: { type: hardwareId, doc: 'Vendor of the hardware that the nodes belong to.', live: false },
    productid: { type: hardwareId, doc: 'Product of the hardware that the nodes belong to.', live: false },
    ...ownerOptions,
    required: {
      type: bool,
      doc: 'Whether the instance starts only with one there, and keeps what it started with. `false`: they come and go as the host has them.',
      default: 'false',
      live: false,
    },
  }),
  unsupported: [],
  problems: ({ vendorid, productid }) => problemsOf([[!vendorid && !productid, 'Unix hotplug devices require a vendorid or a productid']]),
  life: searchedLife({
    type: 'unix-hotplug',
    chosen: (devices, options) => devices.filter((each) => each.subsystem !== 'usb' && isHardware(each, options)),
    required: ({ required }) => isTrue(required),
    lack: () => 'Required Unix Hotplug device not found',
  }),
};
