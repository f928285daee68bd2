import { join } from 'node:path';
import type { WireDisk } from '#lib/contract';
import { type HostTree, linked, names, number, pciAddress, text } from './sysfs.ts';

/** Bytes of a sector in sysfs, whatever the sector size of the disk. */
const sector = 512;

/** Physical disks, without loop devices and device-mapper. */
export async function disks({ sys }: HostTree): Promise<WireDisk[]> {
  const root = join(sys, 'block');
  const found = await Promise.all((await names(root)).map((name) => disk(root, name)));
  return found.filter((each) => each !== null);
}

async function disk(root: string, name: string): Promise<WireDisk | null> {
  const directory = join(root, name);
  if ((await names(directory, 'device')).length === 0) return null;
  return {
    id: name,
    device: await text(directory, 'dev'),
    device_id: '',
    model: await text(directory, 'device/model'),
    serial: await text(directory, 'device/serial'),
    type: name.startsWith('nvme') ? 'nvme' : await linked(directory, 'device/subsystem'),
    read_only: (await number(directory, 'ro')) === 1,
    removable: (await number(directory, 'removable')) === 1,
    size: (await number(directory, 'size')) * sector,
    block_size: await number(directory, 'queue/physical_block_size'),
    rpm: await number(directory, 'queue/rotational'),
    numa_node: Math.max(await number(directory, 'device/numa_node'), 0),
    firmware_version: await text(directory, 'device/firmware_rev'),
    wwn: (await text(directory, 'wwid')) || (await text(directory, 'device/wwid')),
    pci_address: await pciAddress(join(directory, 'device')),
    partitions: await partitions(directory, name),
  };
}

async function partitions(directory: string, disk: string): Promise<WireDisk['partitions']> {
  const found = (await names(directory)).filter((name) => name.startsWith(disk));
  return Promise.all(
    found.map(async (id) => ({
      id,
      device: await text(directory, id, 'dev'),
      read_only: (await number(directory, id, 'ro')) === 1,
      size: (await number(directory, id, 'size')) * sector,
      partition: await number(directory, id, 'partition'),
    })),
  );
}
