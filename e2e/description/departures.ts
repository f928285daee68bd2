/** Where the answers of LXD 5.0.2 are other than its description says, by definition: found by asking one. */
export interface Departure {
  /** Properties that may be missing. */
  optional?: readonly string[];
  nullable?: readonly string[];
}

export const departures: Readonly<Record<string, Departure>> = {
  Image: { optional: ['update_source'] },
  ImageMetadata: { nullable: ['templates'] },
  Instance: { optional: ['restore'] },
  InstanceFull: { optional: ['restore'] },
  InstanceState: { nullable: ['network'] },
  NetworkState: { nullable: ['bond', 'bridge', 'ovn', 'vlan'] },
  Operation: { nullable: ['metadata', 'resources'] },
  ResourcesCPUCore: { optional: ['frequency'] },
  ResourcesCPUSocket: { optional: ['cache', 'frequency', 'frequency_minimum', 'frequency_turbo', 'name', 'vendor'] },
  ResourcesNetworkCard: {
    optional: [
      'driver',
      'driver_version',
      'firmware_version',
      'pci_address',
      'ports',
      'product',
      'product_id',
      'sriov',
      'usb_address',
      'vendor',
      'vendor_id',
    ],
  },
  ResourcesNetworkCardPort: {
    optional: [
      'address',
      'auto_negotiation',
      'infiniband',
      'link_duplex',
      'link_speed',
      'port_type',
      'supported_modes',
      'supported_ports',
      'transceiver_type',
    ],
  },
  ResourcesPCIVPD: { optional: ['entries', 'product_name'] },
  ResourcesStorageDisk: {
    optional: ['device_path', 'firmware_version', 'model', 'partitions', 'pci_address', 'serial', 'usb_address', 'wwn'],
  },
  ResourcesSystem: { nullable: ['chassis', 'firmware', 'motherboard'] },
  StorageVolume: { optional: ['restore'] },
};
