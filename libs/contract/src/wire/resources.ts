/** `GET /1.0/resources`: what the host is made of. Sizes in bytes, frequencies in MHz; '' and 0 stand for what the kernel does not tell. */
export interface WireResources {
  cpu: WireCpus;
  memory: WireMemory & { hugepages_size: number; nodes: (WireMemory & { numa_node: number })[] };
  gpu: { cards: WireGpu[]; total: number };
  network: { cards: WireNetworkCard[]; total: number };
  storage: { disks: WireDisk[]; total: number };
  usb: { devices: WireUsbDevice[]; total: number };
  pci: { devices: WirePciDevice[]; total: number };
  system: WireSystem;
}

export interface WireMemory {
  used: number;
  total: number;
  hugepages_used: number;
  hugepages_total: number;
}

export interface WireCpus {
  architecture: string;
  sockets: WireCpuSocket[];
  /** Threads. */
  total: number;
}

export interface WireCpuSocket {
  name: string;
  vendor: string;
  socket: number;
  cache: { level: number; type: string; size: number }[];
  cores: WireCpuCore[];
  frequency: number;
  frequency_minimum: number;
  frequency_turbo: number;
}

export interface WireCpuCore {
  core: number;
  die: number;
  threads: { id: number; numa_node: number; thread: number; online: boolean; isolated: boolean }[];
  frequency: number;
}

/** What all devices have in common. Names of vendors and products come from the device, so most have none. */
export interface WireDevice {
  driver: string;
  driver_version: string;
  numa_node: number;
  pci_address: string;
  vendor: string;
  vendor_id: string;
  product: string;
  product_id: string;
}

export interface WireGpu extends WireDevice {
  drm: { id: number; card_name: string; card_device: string } | null;
}

export interface WireNetworkCard extends WireDevice {
  ports: WireNetworkPort[];
}

export interface WireNetworkPort {
  id: string;
  address: string;
  port: number;
  protocol: string;
  /** Connector such as `twisted pair` or `fibre`; '' when the driver does not tell. */
  port_type: string;
  /** `internal`, `external` or ''. */
  transceiver_type: string;
  auto_negotiation: boolean;
  link_detected: boolean;
  link_speed: number;
  link_duplex: string;
}

export interface WireDisk {
  id: string;
  /** major:minor. */
  device: string;
  /** Name below /dev/disk/by-id; '' when the kernel alone is asked. */
  device_id: string;
  model: string;
  serial: string;
  type: string;
  read_only: boolean;
  removable: boolean;
  size: number;
  block_size: number;
  rpm: number;
  firmware_version: string;
  /** World Wide Name; '' when the disk has none. */
  wwn: string;
  /** Slot of the disk's controller; '' when it is not on PCI. */
  pci_address: string;
  numa_node: number;
  partitions: { id: string; device: string; read_only: boolean; size: number; partition: number }[];
}

export interface WireUsbDevice {
  bus_address: number;
  device_address: number;
  vendor: string;
  vendor_id: string;
  product: string;
  product_id: string;
  /** Mbit/s. */
  speed: number;
  interfaces: { class_id: number; subclass_id: number; number: number; driver: string; driver_version: string }[];
}

export interface WirePciDevice extends WireDevice {
  iommu_group: number;
  /** Vital product data; always empty. */
  vpd: { product_name: string; entries: Record<string, string> };
}

export interface WireSystem {
  uuid: string;
  vendor: string;
  product: string;
  family: string;
  version: string;
  sku: string;
  serial: string;
  type: 'physical' | 'virtual-machine';
  firmware: { vendor: string; date: string; version: string };
  chassis: { vendor: string; type: string; serial: string; version: string };
  motherboard: { vendor: string; product: string; serial: string; version: string };
}
