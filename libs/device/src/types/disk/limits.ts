import type { DeviceMap, StringMap } from '#lib/base';
import { refuse } from '#lib/contract';
import type { IoLimit, Places } from '#lib/host';
import type { Storage } from '#lib/storage';
import { insidePath } from '../../inside-path.ts';
import { parseRate } from './rate.ts';

type Holders = { places: Pick<Places, 'look' | 'disk'>; storage: { pools: Pick<Storage['pools'], 'directory'> } };

/**
 * What disks with limits ask of the block devices that they are on. The kernel knows only these: of two disks on one the lowest
 * limit counts, for both. `devices`: expanded, checked. LxError 'request.invalid' for one that is on no block device.
 */
export async function diskLimits({ places, storage }: Holders, devices: DeviceMap): Promise<IoLimit[]> {
  const limits = new Map<string, IoLimit>();
  for (const [device, options] of Object.entries(devices)) {
    const wanted = limitOf(options);
    if (options.type !== 'disk' || Object.keys(wanted).length === 0) continue;
    const path = options.pool ? await storage.pools.directory(options.pool) : insidePath(options.source);
    // One that is not there and need not be has nothing to limit; one that has to be is refused elsewhere.
    const place = await places.look(path);
    if (place?.kind !== 'directory' && place?.kind !== 'file') continue;
    const disk = await places.disk(path);
    if (disk === null) refuse([`Cannot enforce the limits of disk ${JSON.stringify(device)}: ${path} is on no block device`]);
    else limits.set(disk, lowest({ disk, ...wanted }, limits.get(disk)));
  }
  return [...limits.values()];
}

type Rates = Omit<IoLimit, 'disk'>;

function limitOf({ 'limits.read': read, 'limits.write': write, 'limits.max': max }: StringMap): Rates {
  return { ...of('read', max || read), ...of('write', max || write) };
}

/** Nothing is what 0 limits to, as the kernel has it. */
function of(what: 'read' | 'write', text: string | undefined): Rates {
  const rate = text ? parseRate(text) : null;
  if (!rate) return {};
  const [unit, value] = 'bytes' in rate ? (['Bytes', rate.bytes] as const) : (['Operations', rate.operations] as const);
  return value === 0 ? {} : { [`${what}${unit}`]: value };
}

function lowest(one: IoLimit, other: IoLimit | undefined): IoLimit {
  if (!other) return one;
  const merged: IoLimit = { ...other, ...one };
  for (const key of ['readBytes', 'readOperations', 'writeBytes', 'writeOperations'] as const) {
    const values = [one[key], other[key]].filter((value) => value !== undefined);
    if (values.length > 0) merged[key] = Math.min(...values);
  }
  return merged;
}
