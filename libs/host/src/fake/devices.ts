import type { HostDevice, HostDevices } from '../devices/host-devices.ts';

/** Devices of a host, in memory. */
export class FakeDevices implements HostDevices {
  devices: HostDevice[] = [];

  async list(): Promise<HostDevice[]> {
    return this.devices;
  }
}
