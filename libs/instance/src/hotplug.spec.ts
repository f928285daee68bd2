import type { HostDevice } from '#lib/host';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { removeWorlds, World } from './testing/world.ts';

afterEach(removeWorlds);

const port: HostDevice = {
  path: '/dev/ttyUSB0',
  kind: 'char',
  major: 188,
  minor: 0,
  subsystem: 'tty',
  hardware: { bus: 'usb', vendor: '0403', product: '6001', address: '1-2' },
};
const devices = { port: { type: 'unix-hotplug', vendorid: '0403' } };

/** A running instance that waits for a port, and the daemon in its usual state. */
async function waiting(found: HostDevice[] = []) {
  const world = await World.make();
  world.devices.devices = found;
  await world.housekeeping.reconcile();
  const { row, keeper } = await world.running('a', { devices });
  await world.settled();
  return { world, row, keeper };
}

describe('devices that come and go', () => {
  it('come to a running instance with the host, in its record too, and go with it', async () => {
    const { world, row, keeper } = await waiting();
    expect([...keeper.mounts.keys()]).toEqual([]);
    world.devices.devices = [port];
    world.onDevices();
    await vi.waitFor(async () => expect((await world.row(row.id)).attached.at(-1)).toMatchObject({ found: [{ path: '/dev/ttyUSB0' }] }));
    expect([...keeper.mounts.keys()]).toEqual(['/dev/ttyUSB0']);
    world.devices.devices = [];
    world.onDevices();
    await vi.waitFor(async () => expect((await world.row(row.id)).attached.at(-1)).toMatchObject({ found: [] }));
    expect([...keeper.mounts.keys()]).toEqual([]);
    expect(world.problems).toEqual([]);
  });

  it('come, when they came while there was no daemon', async () => {
    const world = await World.make();
    const { row, keeper } = await world.running('a', { devices });
    world.devices.devices = [port];
    await world.housekeeping.reconcile();
    await vi.waitFor(async () => expect((await world.row(row.id)).attached.at(-1)).toMatchObject({ found: [{ path: '/dev/ttyUSB0' }] }));
    expect([...keeper.mounts.keys()]).toEqual(['/dev/ttyUSB0']);
  });

  it('that the guest refuses are tried once a change, and the instance is as it was', async () => {
    const { world, row, keeper } = await waiting();
    keeper.refused = '/dev/ttyUSB0';
    world.devices.devices = [port];
    world.onDevices();
    await vi.waitFor(() => expect(world.problems).toHaveLength(1));
    await world.settled();
    expect(world.problems[0]).toContain('EBUSY');
    expect((await world.row(row.id)).attached.at(-1)).toMatchObject({ found: [] });
    keeper.refused = null;
    world.onDevices();
    await vi.waitFor(() => expect([...keeper.mounts.keys()]).toEqual(['/dev/ttyUSB0']));
  });

  it('change nothing once the daemon ends', async () => {
    const { world, keeper } = await waiting();
    await world.instances.hotplug.close();
    world.devices.devices = [port];
    world.onDevices();
    await world.settled();
    expect([...keeper.mounts.keys()]).toEqual([]);
  });
});
