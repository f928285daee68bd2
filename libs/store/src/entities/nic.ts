import { EntitySchema } from 'typeorm';
import type { NicRow } from '../rows.ts';
import { key, nullable, text, uuid } from './columns.ts';

/** Checked at the end of a statement, so that two cards of one instance may change places. */
const unique = (name: string, ...columns: (keyof NicRow)[]) => ({ name, columns, deferrable: 'INITIALLY IMMEDIATE' as const });

export const nicEntity = new EntitySchema<NicRow & { instanceId: string }>({
  name: 'nic',
  columns: {
    instanceId: { ...key(uuid()), name: 'instance_id' },
    device: key(text()),
    segment: nullable(text()),
    address: nullable(text()),
    mac: nullable(text()),
    hostName: nullable(text('host_name')),
  },
  foreignKeys: [
    { name: 'nic_instance', target: 'instance', columnNames: ['instanceId'], referencedColumnNames: ['id'], onDelete: 'CASCADE' },
  ],
  uniques: [unique('nic_address', 'segment', 'address'), unique('nic_mac', 'segment', 'mac'), unique('nic_host_name', 'hostName')],
});
