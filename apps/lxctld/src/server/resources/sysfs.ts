import { readdir, readFile, readlink } from 'node:fs/promises';
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
  const [driver, version, node, bus, address, vendor, product] = await Promise.all([
    linked(directory, 'driver'),
    text(directory, 'driver/module/version'),
    number(directory, 'numa_node'),
    linked(directory, 'subsystem'),
    text(directory, 'uevent'),
    text(directory, 'vendor'),
    text(directory, 'device'),
  ]);
  return {
    driver,
    driver_version: version,
    // -1 on a host without NUMA.
    numa_node: Math.max(node, 0),
    pci_address: bus === 'pci' ? (/^PCI_SLOT_NAME=(.*)$/m.exec(address)?.[1] ?? '') : '',
    vendor: '',
    vendor_id: vendor.replace(/^0x/, ''),
    product: '',
    product_id: product.replace(/^0x/, ''),
  };
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
