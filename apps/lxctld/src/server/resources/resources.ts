import { join } from 'node:path';
import type { WireResources, WireSystem } from '#lib/contract';
import { networkPort } from '#lib/host';
import { graphics, networkCards, pciDevices, usbDevices } from './devices.ts';
import { disks } from './disks.ts';
import { memory } from './memory.ts';
import { processors } from './processors.ts';
import { type HostTree, text } from './sysfs.ts';

/** The host's hardware, read from the kernel at each call. */
export async function resources(tree: HostTree = { sys: '/sys', proc: '/proc', port: networkPort }): Promise<WireResources> {
  const [cpu, ram, gpus, cards, drives, usb, pci, machine] = await Promise.all([
    processors(tree),
    memory(tree),
    graphics(tree),
    networkCards(tree),
    disks(tree),
    usbDevices(tree),
    pciDevices(tree),
    system(tree),
  ]);
  return {
    cpu,
    memory: ram,
    gpu: { cards: gpus, total: gpus.length },
    network: { cards, total: cards.reduce((sum, card) => sum + card.ports.length, 0) },
    storage: { disks: drives, total: drives.reduce((sum, drive) => sum + 1 + drive.partitions.length, 0) },
    usb: { devices: usb, total: usb.length },
    pci: { devices: pci, total: pci.length },
    system: machine,
  };
}

/** Description of the machine by its firmware (DMI); empty texts on machines without DMI. */
async function system({ sys, proc }: HostTree): Promise<WireSystem> {
  const files = ['uuid', 'name', 'family', 'version', 'sku', 'serial'].map((name) => text(sys, dmi, `product_${name}`));
  const [uuid = '', product = '', family = '', version = '', sku = '', serial = ''] = await Promise.all(files);
  const part = async <K extends string>(prefix: string, fields: Record<K, string>): Promise<Record<K, string>> => {
    const entries = Object.entries<string>(fields).map(async ([field, file]) => [field, await text(sys, dmi, `${prefix}_${file}`)]);
    return Object.fromEntries(await Promise.all(entries)) as Record<K, string>;
  };
  const common = { vendor: 'vendor', serial: 'serial', version: 'version' };
  return {
    uuid,
    vendor: await text(sys, dmi, 'sys_vendor'),
    product,
    family,
    version,
    sku,
    serial,
    // Hypervisors set this CPU flag.
    type: /^flags\s*:.*\bhypervisor\b/m.test(await text(proc, 'cpuinfo')) ? 'virtual-machine' : 'physical',
    firmware: await part('bios', { vendor: 'vendor', date: 'date', version: 'version' }),
    chassis: await part('chassis', { ...common, type: 'type' }),
    motherboard: await part('board', { ...common, product: 'name' }),
  };
}

const dmi = join('class', 'dmi', 'id');
