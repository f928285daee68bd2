import { join } from 'node:path';
import { realpath } from 'node:fs/promises';
import type { WireGpu, WireNetworkCard, WireNetworkPort, WirePciDevice, WireUsbDevice } from '#lib/contract';
import { device, type HostTree, linked, names, number, text } from './sysfs.ts';

export async function pciDevices({ sys }: HostTree): Promise<WirePciDevice[]> {
  const root = join(sys, 'bus/pci/devices');
  return Promise.all(
    (await names(root)).map(async (name) => ({
      ...(await device(join(root, name))),
      iommu_group: Number(await linked(root, name, 'iommu_group')) || 0,
      vpd: { product_name: '', entries: {} },
    })),
  );
}

export async function graphics({ sys }: HostTree): Promise<WireGpu[]> {
  const root = join(sys, 'class/drm');
  const cards = (await names(root)).filter((name) => /^card\d+$/.test(name));
  return Promise.all(
    cards.map(async (name) => ({
      ...(await device(join(root, name, 'device'))),
      drm: { id: Number(name.slice(4)), card_name: name, card_device: await text(root, name, 'dev') },
    })),
  );
}

/** Physical network cards. The ports of one device belong to one card. */
export async function networkCards({ sys, port: settingsOf }: HostTree): Promise<WireNetworkCard[]> {
  const root = join(sys, 'class/net');
  const cards = new Map<string, WireNetworkCard>();
  for (const name of await names(root)) {
    const place = await realpath(join(root, name, 'device')).catch(() => null);
    if (place === null) continue;
    const card = cards.get(place) ?? { ...(await device(place)), ports: [] };
    card.ports.push(await port(root, name, settingsOf));
    cards.set(place, card);
  }
  return [...cards.values()];
}

/** PORT_* and XCVR_* of <linux/ethtool.h>, in LXD's words. */
const connectors: Record<number, string> = {
  0: 'twisted pair',
  1: 'AUI',
  2: 'media-independent',
  3: 'fibre',
  4: 'BNC',
  5: 'direct attach',
  239: 'none',
  255: 'other',
};
const transceivers: Record<number, string> = { 0: 'internal', 1: 'external' };

async function port(root: string, name: string, settingsOf: HostTree['port']): Promise<WireNetworkPort> {
  const [address, at, type, carrier, speed, duplex, settings] = await Promise.all([
    text(root, name, 'address'),
    number(root, name, 'dev_port'),
    number(root, name, 'type'),
    text(root, name, 'carrier'),
    number(root, name, 'speed'),
    text(root, name, 'duplex'),
    // Nothing else of the answer depends on it, so a driver that fails is one that says nothing.
    settingsOf(name).catch(() => null),
  ]);
  return {
    id: name,
    address,
    port: at,
    // ARPHRD_ETHER and ARPHRD_INFINIBAND of <linux/if_arp.h>.
    protocol: type === 32 ? 'infiniband' : type === 1 ? 'ethernet' : 'unknown',
    port_type: settings ? (connectors[settings.connector] ?? '') : '',
    transceiver_type: settings ? (transceivers[settings.transceiver] ?? '') : '',
    auto_negotiation: settings?.autoNegotiation ?? false,
    link_detected: carrier === '1',
    link_speed: Math.max(speed, 0),
    link_duplex: duplex === 'unknown' ? '' : duplex,
  };
}

export async function usbDevices({ sys }: HostTree): Promise<WireUsbDevice[]> {
  const root = join(sys, 'bus/usb/devices');
  const found = await names(root);
  // Interfaces are named after their device: 1-2 has 1-2:1.0.
  const devices = found.filter((name) => !name.includes(':'));
  return Promise.all(
    devices.map(async (name) => ({
      bus_address: await number(root, name, 'busnum'),
      device_address: await number(root, name, 'devnum'),
      vendor: await text(root, name, 'manufacturer'),
      vendor_id: await text(root, name, 'idVendor'),
      product: await text(root, name, 'product'),
      product_id: await text(root, name, 'idProduct'),
      speed: await number(root, name, 'speed'),
      interfaces: await Promise.all(
        found.filter((each) => each.startsWith(`${name}:`)).map(async (each) => usbInterface(join(root, each))),
      ),
    })),
  );
}

async function usbInterface(directory: string): Promise<WireUsbDevice['interfaces'][number]> {
  const hex = async (file: string) => Number.parseInt(await text(directory, file), 16) || 0;
  const { driver, driver_version } = await device(directory);
  return {
    class_id: await hex('bInterfaceClass'),
    subclass_id: await hex('bInterfaceSubClass'),
    number: await hex('bInterfaceNumber'),
    driver,
    driver_version,
  };
}
