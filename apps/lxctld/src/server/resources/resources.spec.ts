import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resources } from './resources.ts';

let place: string;
beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-resources-');
});
afterEach(() => rm(place, { recursive: true }));

async function tree(files: Record<string, string>, links: Record<string, string> = {}) {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(place, path)), { recursive: true });
    await writeFile(join(place, path), `${content}\n`);
  }
  for (const [path, target] of Object.entries(links)) {
    await mkdir(dirname(join(place, path)), { recursive: true });
    await symlink(target, join(place, path));
  }
  return { sys: join(place, 'sys'), proc: join(place, 'proc'), port };
}

const port = async (link: string) => (link === 'eth0' ? { connector: 0xff, transceiver: 0, autoNegotiation: true } : null);
const cpu = 'sys/devices/system/cpu';
const information = (id: number) =>
  `processor\t: ${id}\nvendor_id\t: ACME\nmodel name\t: Fast One\ncpu MHz\t\t: 2000.4\nflags\t\t: fpu hypervisor sse`;

describe('resources', () => {
  it('groups threads into cores and sockets', async () => {
    const threads = [0, 1, 2, 3].flatMap((id) => [
      [`${cpu}/cpu${id}/topology/physical_package_id`, '0'],
      [`${cpu}/cpu${id}/topology/core_id`, String(id >> 1)],
      [`${cpu}/cpu${id}/online`, id === 3 ? '0' : '1'],
    ]);
    const host = await tree({
      ...Object.fromEntries(threads),
      [`${cpu}/isolated`]: '2-3',
      [`${cpu}/cpu0/cache/index0/level`]: '1',
      [`${cpu}/cpu0/cache/index0/type`]: 'Data',
      [`${cpu}/cpu0/cache/index0/size`]: '32K',
      'proc/cpuinfo': [0, 1, 2].map(information).join('\n\n'),
    });
    const { cpu: found, system } = await resources(host);
    expect(found.total).toBe(4);
    expect(found.sockets).toHaveLength(1);
    expect(found.sockets[0]).toMatchObject({ name: 'Fast One', vendor: 'ACME', cache: [{ level: 1, type: 'Data', size: 32_768 }] });
    expect(found.sockets[0]?.cores.map((core) => core.threads.map((each) => each.id))).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(found.sockets[0]?.cores[1]?.threads[1]).toEqual({ id: 3, numa_node: 0, thread: 1, online: false, isolated: true });
    expect(found.sockets[0]?.cores[0]?.frequency).toBe(2000);
    expect(system.type).toBe('virtual-machine');
  });

  it('counts memory in bytes', async () => {
    const host = await tree({
      'proc/meminfo':
        'MemTotal:       1000 kB\nMemAvailable:    400 kB\nHugePages_Total:       4\nHugePages_Free:        1\nHugepagesize:       2048 kB',
      'sys/devices/system/node/node0/meminfo': 'Node 0 MemTotal:  1000 kB\nNode 0 MemUsed:  700 kB',
    });
    expect((await resources(host)).memory).toEqual({
      nodes: [{ numa_node: 0, hugepages_total: 0, hugepages_used: 0, used: 716_800, total: 1_024_000 }],
      hugepages_total: 8_388_608,
      hugepages_used: 6_291_456,
      hugepages_size: 2_097_152,
      used: 614_400,
      total: 1_024_000,
    });
  });

  it('names cards and disks with hardware behind them only', async () => {
    const host = await tree(
      {
        'sys/devices/pci/uevent': 'DRIVER=virtio-pci\nPCI_SLOT_NAME=0000:00:03.0',
        'sys/devices/pci/virtio0/uevent': 'DRIVER=virtio_net',
        'sys/devices/pci/virtio0/vendor': '0x1af4',
        'sys/devices/pci/virtio0/device': '0x1000',
        'sys/devices/slot/uevent': 'PCI_SLOT_NAME=0000:00:02.0',
        'sys/devices/slot/virtio1/model': 'Disk',
        'sys/class/net/eth0/address': '00:16:3e:00:00:01',
        'sys/class/net/eth0/type': '1',
        'sys/class/net/eth0/carrier': '1',
        'sys/class/net/lo/type': '772',
        'sys/block/vda/dev': '254:0',
        'sys/block/vda/size': '2048',
        'sys/block/vda/vda1/partition': '1',
        'sys/block/vda/vda1/size': '1024',
        'sys/block/loop0/size': '8',
      },
      {
        'sys/class/net/eth0/device': '../../../devices/pci/virtio0',
        'sys/block/vda/device': '../../devices/slot/virtio1',
        'sys/devices/pci/virtio0/driver': '../../../bus/virtio/drivers/virtio_net',
      },
    );
    const { network, storage, gpu, usb, pci } = await resources(host);
    expect(network.total).toBe(1);
    expect(network.cards[0]).toMatchObject({
      vendor_id: '1af4',
      product_id: '1000',
      driver: 'virtio_net',
      driver_version: os.release(),
      pci_address: '0000:00:03.0',
      ports: [
        {
          id: 'eth0',
          protocol: 'ethernet',
          port_type: 'other',
          transceiver_type: 'internal',
          auto_negotiation: true,
          link_detected: true,
        },
      ],
    });
    expect(storage).toMatchObject({
      total: 2,
      disks: [{ id: 'vda', model: 'Disk', size: 1_048_576, pci_address: '0000:00:02.0', partitions: [{ id: 'vda1', size: 524_288 }] }],
    });
    expect([gpu.total, usb.total, pci.total]).toEqual([0, 0, 0]);
  });
});
