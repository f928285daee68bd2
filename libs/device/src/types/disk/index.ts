import { defineKeys, isLxError, keyTypes, problemsOf } from '#lib/contract';
import type { DeviceType } from '../../device-type.ts';
import { isRootDisk } from './root.ts';

/** Disks: the root, so far. Storage makes the root volume and its part of the launch plan; there is nothing to attach. */
export const disk: DeviceType = {
  catalogue: defineKeys('device.disk', {
    type: { type: keyTypes.oneOf('disk'), doc: 'What the device is.', live: false },
    path: { type: keyTypes.oneOf('/'), doc: 'Where it is mounted: only the root in this version.', live: false },
    pool: { type: keyTypes.text, doc: "Storage pool that holds the instance's root volume.", live: false },
    'boot.priority': {
      type: keyTypes.integer({ min: 0, max: 4_294_967_295 }),
      doc: 'Order among the devices that a virtual machine boots from; containers have none.',
      live: true,
      readWhenUsed: true,
    },
  }),
  unsupported: [
    'size',
    'size.state',
    'source',
    'limits.',
    'readonly',
    'recursive',
    'required',
    'propagation',
    'shift',
    'raw.mount.options',
    'ceph.',
  ],
  problems: ({ path, pool }) =>
    problemsOf([
      [path !== '/', 'disks other than the root are not supported by this server'],
      [path === '/' && !pool, 'Root disk entry must have a "pool" property set'],
    ]),
  problemsAmong(devices) {
    const roots = Object.values(devices).filter(isRootDisk).length;
    if (roots === 1) return [];
    return [`Failed detecting root disk device: ${roots === 0 ? 'No root device could be found' : 'More than one root device found'}`];
  },
  missing: ({ storage }, _owner, _device, { pool = '' }) =>
    storage.pools.get(pool).then(
      () => [],
      (error: unknown) => {
        if (isLxError(error) && error.status < 500) return [`Failed loading root disk: ${error.message}`];
        throw error;
      },
    ),
};
