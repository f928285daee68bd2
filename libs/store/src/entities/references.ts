import { EntitySchema } from 'typeorm';
import { key, nullable, text, uuid } from './columns.ts';

interface DeviceReference {
  ownerId: string;
  device: string;
  networkId: string | null;
  poolId: string | null;
}

/**
 * What the devices of an instance or a profile name, one row a device, so that a network or pool that is named cannot be
 * deleted. Written with the devices, in the same statement (postgres/references.ts).
 */
export function deviceReference(owner: 'instance' | 'profile'): EntitySchema<DeviceReference> {
  const name = `${owner}_reference`;
  return new EntitySchema<DeviceReference>({
    name,
    columns: {
      ownerId: { ...key(uuid()), name: `${owner}_id` },
      device: key(text()),
      networkId: { ...nullable(uuid()), name: 'network_id' },
      poolId: { ...nullable(uuid()), name: 'pool_id' },
    },
    foreignKeys: [
      { name: `${name}_${owner}`, target: owner, columnNames: ['ownerId'], referencedColumnNames: ['id'], onDelete: 'CASCADE' },
      { name: `${name}_network`, target: 'network', columnNames: ['networkId'], referencedColumnNames: ['id'] },
      { name: `${name}_pool`, target: 'pool', columnNames: ['poolId'], referencedColumnNames: ['id'] },
    ],
    indices: [
      { name: `${name}_network_id`, columns: ['networkId'] },
      { name: `${name}_pool_id`, columns: ['poolId'] },
    ],
  });
}
