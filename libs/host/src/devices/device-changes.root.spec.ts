import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lackOfRoot, titled } from '../testing/needs.ts';
import { LinuxDeviceChanges } from './device-changes.ts';
import { SysfsDevices } from './host-devices.ts';

const why = lackOfRoot('losetup', 'mknod') || (existsSync('/dev/loop-control') ? '' : 'needs loop devices');

describe.skipIf(why !== '')(titled('changes of devices', why), () => {
  let place: string;
  let heard: number;
  let changes: LinuxDeviceChanges;
  const told = async (cause: () => unknown) => {
    const before = heard;
    cause();
    await vi.waitFor(() => expect(heard).toBeGreaterThan(before));
  };
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'lxctl-changes-'));
    heard = 0;
    changes = new LinuxDeviceChanges(
      () => (heard += 1),
      (_, error) => expect.unreachable(String(error)),
    );
  });
  afterEach(() => {
    changes.close();
    rmSync(place, { recursive: true });
  });

  it('are told by the kernel, whatever the path of the node', async () => {
    const file = join(place, 'disk');
    writeFileSync(file, Buffer.alloc(1 << 20));
    let loop = '';
    await told(() => (loop = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim()));
    expect((await new SysfsDevices().list()).find(({ path }) => path === loop)).toMatchObject({ kind: 'block', subsystem: 'block' });
    await told(() => execFileSync('losetup', ['--detach', loop]));
  });

  it('are seen at a path, also where the directories on the way come first, go, and come again', async () => {
    const path = join(place, 'a/b/node');
    await changes.watch([path]);
    for (let round = 0; round < 2; round += 1) {
      await told(() => mkdirSync(join(place, 'a/b'), { recursive: true }));
      await told(() => execFileSync('mknod', [path, 'c', '1', '3']));
      await told(() => rmSync(path));
      await told(() => rmSync(join(place, 'a'), { recursive: true }));
    }
  });

  it('are not what is written into a device', async () => {
    const node = join(place, 'node');
    execFileSync('mknod', [node, 'c', '1', '3']);
    await changes.watch([node]);
    const before = heard;
    for (let round = 0; round < 40; round += 1) {
      writeFileSync(node, 'x');
      // Each event has its turn of the loop.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await told(() => mkdirSync(join(place, 'last')));
    // Others on this machine may have changed a device meanwhile.
    expect(heard - before).toBeLessThan(20);
  });
});
