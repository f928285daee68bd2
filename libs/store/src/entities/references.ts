import { EntitySchema } from 'typeorm';
import { key, nullable, text, uuid } from './columns.ts';

interface DeviceReference {
  ownerId: string;
  device: string;
  networkId: string | null;
  poolId: string | null;
  volumeId: string | null;
}

/**
 * What the devices of an instance or a profile name, one row a device, so that a network, pool or volume that is
 * named cannot be deleted. Written with the devices, in the same statement (postgres/references.ts).
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
      volumeId: { ...nullable(uuid()), name: 'volume_id' },
    },
    foreignKeys: [
      { name: `${name}_${owner}`, target: owner, columnNames: ['ownerId'], referencedColumnNames: ['id'], onDelete: 'CASCADE' },
      { name: `${name}_network`, target: 'network', columnNames: ['networkId'], referencedColumnNames: ['id'] },
      { name: `${name}_pool`, target: 'pool', columnNames: ['poolId'], referencedColumnNames: ['id'] },
      { name: `${name}_volume`, target: 'volume', columnNames: ['volumeId'], referencedColumnNames: ['id'] },
    ],
    indices: [
      { name: `${name}_network_id`, columns: ['networkId'] },
      { name: `${name}_pool_id`, columns: ['poolId'] },
      { name: `${name}_volume_id`, columns: ['volumeId'] },
    ],
  });
}
