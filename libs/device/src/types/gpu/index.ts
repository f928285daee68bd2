import type { StringMap } from '#lib/base';
import { defineKeys, keyTypes, problemsOf } from '#lib/contract';
import type { HostDevice } from '#lib/host';
import type { DeviceType } from '../../device-type.ts';
import { hardwareId, isHardware, ownerOptions, searchedLife } from '../../nodes.ts';

const { integer, keyType, oneOf } = keyTypes;
const pciAddress = keyType('a PCI address such as 0000:01:00.0', (value) => address.test(value));
const address = /^([0-9a-fA-F]{4}:)?[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]$/;

/** Graphics cards: their nodes below /dev/dri, as they are when the instance starts. */
export const gpu: DeviceType = {
  catalogue: defineKeys('device.gpu', {
    type: { type: oneOf('gpu'), doc: 'What the device is.', live: false },
    gputype: {
      type: oneOf('physical', 'mdev', 'mig', 'sriov'),
      doc: 'How it is given: as it is (`physical`).',
      default: 'physical',
      live: false,
    },
    id: { type: integer({ min: 0, max: 1_000_000 }), doc: 'Number of the card: that of /dev/dri/card<n>.', live: false },
    pci: { type: pciAddress, doc: 'Address on the PCI bus.', live: false },
    vendorid: { type: hardwareId, doc: 'Vendor. Left out: any.', live: false },
    productid: { type: hardwareId, doc: 'Product. Left out: any.', live: false },
    ...ownerOptions,
  }),
  unsupported: ['mdev', 'mig.'],
  problems: ({ gputype, id, ...options }) => {
    const beside = Object.keys(options).find((option) => id && ['pci', 'vendorid', 'productid'].includes(option) && options[option]);
    return problemsOf([
      [gputype === 'mdev' || gputype === 'sriov', 'Unsupported device type'],
      [gputype === 'mig', 'gputype "mig" is not supported by this server'],
      [beside, `Cannot use "${beside}" when when "id" is set`],
      [options.pci && (options.vendorid || options.productid), 'Cannot use "vendorid" or "productid" when "pci" is set'],
    ]);
  },
  life: searchedLife({
    type: 'gpu',
    chosen: cardsOf,
    required: () => true,
    lack: ({ pci }) => (pci ? `Invalid PCI address (no device found): ${whole(pci)}` : 'Failed to detect requested GPU device'),
  }),
};

function cardsOf(devices: readonly HostDevice[], { id, pci, ...ids }: StringMap): HostDevice[] {
  const cards = devices.filter((each) => each.subsystem === 'drm' && each.path.startsWith('/dev/dri/'));
  if (id) {
    const card = cards.find(({ path }) => path === `/dev/dri/card${Number(id)}`);
    // The nodes of one card hang on one address.
    return cards.filter((each) => card && (each === card || (card.hardware && each.hardware?.address === card.hardware.address)));
  }
  if (pci) return cards.filter(({ hardware }) => hardware?.address === whole(pci));
  return cards.filter((each) => (ids.vendorid || ids.productid ? isHardware(each, ids) : true));
}

/** As the kernel writes it: with the domain, in lower case. */
function whole(pci: string): string {
  return (pci.split(':').length === 2 ? `0000:${pci}` : pci).toLowerCase();
}
