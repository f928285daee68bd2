import type { DeviceType } from '../device-type.ts';
import { disk } from './disk/index.ts';
import { nic } from './nic/index.ts';
import { none } from './none/index.ts';

/** One line a type. */
export const deviceTypes: Readonly<Record<string, DeviceType>> = { disk, nic, none };

/** Types of LXD that this server has not; refused with a reason of their own. */
export const unsupportedTypes = new Set(['unix-char', 'unix-block', 'unix-hotplug', 'usb', 'gpu', 'proxy', 'tpm', 'infiniband', 'pci']);
