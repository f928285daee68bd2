import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import os from 'node:os';
import { basename, join } from 'node:path';
import type { WireDevice } from '#lib/contract';
import type { NetworkPort } from '#lib/host';

/** The file systems with the kernel's information on the host; specs use a copy. */
export interface HostTree {
  /** /sys */
  sys: string;
  /** /proc */
  proc: string;
  /** Settings of a network port; null when its driver has none. */
  port(link: string): Promise<NetworkPort | null>;
}

/** Trimmed content of a file; '' when it does not exist or cannot be read (such as the speed of a link that is down). */
export async function text(...path: string[]): Promise<string> {
  return readFile(join(...path), 'utf8').then(
    (content) => content.trim(),
    () => '',
  );
}

/** Content of a file as a number, decimal or with 0x; 0 when there is none. */
export async function number(...path: string[]): Promise<number> {
  return Number(await text(...path)) || 0;
}

/** Names in a directory in natural order; [] when it does not exist. */
export async function names(...path: string[]): Promise<string[]> {
  const found = await readdir(join(...path)).catch(() => []);
  return found.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** Last part of a symbolic link's target; '' when there is no link. */
export async function linked(...path: string[]): Promise<string> {
  return readlink(join(...path)).then(basename, () => '');
}

/** What all kinds of devices have in common. */
export async function device(directory: string): Promise<WireDevice> {
  const [driver, version, node, address, vendor, product] = await Promise.all([
    linked(directory, 'driver'),
    text(directory, 'driver/module/version'),
    number(directory, 'numa_node'),
    pciAddress(directory),
    text(directory, 'vendor'),
    text(directory, 'device'),
  ]);
  return {
    driver,
    // Drivers from the kernel's source tree have the version of the kernel.
    driver_version: driver === '' ? '' : version || os.release(),
    // -1 on a host without NUMA.
    numa_node: Math.max(node, 0),
    pci_address: address,
    vendor: '',
    vendor_id: vendor.replace(/^0x/, ''),
    product: '',
    product_id: product.replace(/^0x/, ''),
  };
}

/** PCI slot of a device, or of its parent (virtio devices are children of a PCI device); '' when there is none. */
export async function pciAddress(directory: string): Promise<string> {
  for (const place of [directory, join(await realpath(directory).catch(() => directory), '..')]) {
    const slot = /^PCI_SLOT_NAME=(.*)$/m.exec(await text(place, 'uevent'))?.[1];
    if (slot) return slot;
  }
  return '';
}

/** Numbers of a list such as 0-2,5. */
export function numberList(list: string): number[] {
  return list
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first = 0, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, at) => first + at);
    });
}
