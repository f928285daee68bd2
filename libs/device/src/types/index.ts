import type { DeviceType } from '../device-type.ts';
import { disk } from './disk/index.ts';
import { gpu } from './gpu/index.ts';
import { nic } from './nic/index.ts';
import { none } from './none/index.ts';
import { proxy } from './proxy/index.ts';
import { unixBlock } from './unix-block/index.ts';
import { unixChar } from './unix-char/index.ts';
import { unixHotplug } from './unix-hotplug/index.ts';
import { usb } from './usb/index.ts';

/** One line a type. */
export const deviceTypes: Readonly<Record<string, DeviceType>> = {
  disk,
  gpu,
  nic,
  none,
  proxy,
  'unix-block': unixBlock,
  'unix-char': unixChar,
  'unix-hotplug': unixHotplug,
  usb,
};

/** Types that LXD has: one of them that is not above is refused with a reason of its own. */
export const foreignTypes = new Set(['tpm', 'infiniband', 'pci']);
