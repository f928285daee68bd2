import type { DeviceType } from '../device-type.ts';
import { disk } from './disk/index.ts';
import { nic } from './nic/index.ts';
import { none } from './none/index.ts';
import { unixBlock } from './unix-block/index.ts';
import { unixChar } from './unix-char/index.ts';

/** One line a type. */
export const deviceTypes: Readonly<Record<string, DeviceType>> = {
  disk,
  nic,
  none,
  'unix-block': unixBlock,
  'unix-char': unixChar,
};

/** Types that LXD has: one of them that is not above is refused with a reason of its own. */
export const foreignTypes = new Set(['unix-hotplug', 'usb', 'gpu', 'proxy', 'tpm', 'infiniband', 'pci']);
