import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import os from 'node:os';
import { basename, join } from 'node:path';
import type { WireDevice } from '#lib/contract';

/** Where the kernel tells about the host; specs give a copy. */
export interface HostTree {
  /** /sys */
  sys: string;
  /** /proc */
  proc: string;
}

/** Content of a file of the kernel, trimmed; '' when there is none or it cannot be read (a link that is down has no speed). */
export async function text(...path: string[]): Promise<string> {
  return readFile(join(...path), 'utf8').then(
    (content) => content.trim(),
    () => '',
  );
}

/** A number of such a file, decimal or 0x; 0 when there is none. */
export async function number(...path: string[]): Promise<number> {
  return Number(await text(...path)) || 0;
}

/** Names in a directory of the kernel, in natural order; [] when there is none. */
export async function names(...path: string[]): Promise<string[]> {
  const found = await readdir(join(...path)).catch(() => []);
  return found.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** Last part of what a link points to; '' when there is none. */
export async function linked(...path: string[]): Promise<string> {
  return readlink(join(...path)).then(basename, () => '');
}

/** What the kernel says of a device, whatever its kind. */
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
    // Drivers of the kernel's own tree have no version but the kernel's.
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

/** The device's slot, or that of the device it sits in: a virtio card or disk is behind one. '' without any. */
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
