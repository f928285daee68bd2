import { parseBytes, type StringMap } from '#lib/base';
import { isLxError, isTrue, problemsOf } from '#lib/contract';
import type { DeviceLife, DeviceType } from '../../device-type.ts';
import { insidePath } from '../../inside-path.ts';
import { diskLife, sourceProblem } from './life.ts';
import { diskOptions, foreignPropagations, isAbsolute, propagations, unsupportedDiskOptions } from './options.ts';
import { isRootDisk } from './root.ts';
import { isVolume, missingVolume } from './volume.ts';

/** What only disks that are no root may say. */
const ofOthers = ['readonly', 'required', 'recursive', 'shift', 'propagation', 'raw.mount.options'];

/** Disks: the root, which storage makes, so that there is nothing to attach; paths of the host; and custom volumes of pools. */
export const disk: DeviceType = {
  catalogue: diskOptions,
  unsupported: unsupportedDiskOptions,
  problems: (options) => (isRootDisk(options) ? rootProblems(options) : otherProblems(options)),
  problemsAmong(devices) {
    const roots = Object.values(devices).filter(isRootDisk).length;
    if (roots === 1) return [];
    return [`Failed detecting root disk device: ${roots === 0 ? 'No root device could be found' : 'More than one root device found'}`];
  },
  place: (options) => (isRootDisk(options) ? null : insidePath(options.path)),
  async missing(holders, owner, device, options) {
    if (isVolume(options)) return missingVolume(holders, owner, device, options);
    if (!isRootDisk(options)) return [];
    try {
      await holders.storage.pools.get(options.pool ?? '');
      const lack = parseBytes(options.size ?? '') ? await holders.storage.pools.noQuota(options.pool ?? '') : null;
      return lack ? [`Device validation failed for ${JSON.stringify(device)}: ${lack.message}`] : [];
    } catch (error) {
      if (isLxError(error) && error.status < 500) return [`Failed loading root disk: ${error.message}`];
      throw error;
    }
  },
  async lacks(places, device, options) {
    if (isRootDisk(options) || isVolume(options)) return null;
    const { required } = options;
    const source = insidePath(options.source);
    const place = await places.look(source);
    return place === null && !isTrue(required, true) ? null : sourceProblem(device, source, place);
  },
  life: diskLife as unknown as DeviceLife,
};

function rootProblems(options: StringMap): string[] {
  const strange = ofOthers.filter((option) => options[option]);
  return [
    ...strange.map((option) => `option "${option}" of the root disk is not supported by this server`),
    ...problemsOf([[!options.pool, 'Root disk entry must have a "pool" property set']]),
  ];
}

function otherProblems({ path, source, pool, size, propagation }: StringMap): string[] {
  const foreign = propagation !== undefined && foreignPropagations.has(propagation);
  return problemsOf([
    [foreign, `propagation "${propagation}" is not supported by this server: mounts of a guest never show on the host`],
    [propagation && !foreign && !propagations.has(propagation), `Invalid propagation mode "${propagation}"`],
    [path === '/', 'Root disk entry may not have a "source" property set'],
    [/^\/(dev|proc|sys)(\/|$)/.test(insidePath(path)), `Path "${path}" is where the server itself mounts`],
    [!path && pool && source, 'Custom filesystem volumes require a path to be defined'],
    [!path && !(pool && source), 'Disk entry is missing the required "path" property'],
    [!source, 'Disk entry is missing the required "source" property'],
    [source && pool && isAbsolute(source), 'Storage volumes cannot be specified as absolute paths'],
    [source && !pool && !isAbsolute(source), 'Source path must be absolute for local sources'],
    [size, 'Only the root disk may have a size quota'],
  ]);
}
