import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SysfsDevices } from './host-devices.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lxctl-sysfs-'));
  mkdirSync(join(root, 'dev/char'), { recursive: true });
  mkdirSync(join(root, 'dev/block'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

function put(directory: string, files: Record<string, string>): void {
  mkdirSync(join(root, directory), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, directory, name), `${text}\n`);
}

function node(numbers: string, kind: 'char' | 'block', directory: string, name: string, subsystem: string): void {
  put(directory, { uevent: `MAJOR=1\nDEVNAME=${name}` });
  symlinkSync(`../../../${subsystem}`, join(root, directory, 'subsystem'));
  symlinkSync(join('../..', directory), join(root, 'dev', kind, numbers));
}

describe('devices of sysfs', () => {
  it('are those that have a node, each with the hardware that it is or belongs to', async () => {
    const card = 'devices/pci0000:00/0000:00:02.0';
    put(card, { vendor: '0x8086', device: '0x9bc4' });
    node('226:0', 'char', `${card}/drm/card0`, 'dri/card0', 'drm');
    const stick = 'devices/pci0000:00/0000:00:14.0/usb1/1-2';
    put('devices/pci0000:00/0000:00:14.0', { vendor: '0x8086', device: '0xa36d' });
    put(stick, { idVendor: '0403', idProduct: '6001' });
    node('189:1', 'char', stick, 'bus/usb/001/002', 'usb');
    node('188:0', 'char', `${stick}/1-2:1.0/ttyUSB0/tty/ttyUSB0`, 'ttyUSB0', 'tty');
    node('8:0', 'block', `${stick}/1-2:1.1/host0/block/sda`, 'sda', 'block');
    node('1:3', 'char', 'devices/virtual/mem/null', 'null', 'mem');
    put('devices/virtual/nameless', { uevent: 'MAJOR=9' });
    symlinkSync('../../devices/virtual/nameless', join(root, 'dev/char/9:9'));
    symlinkSync('../../devices/virtual/gone', join(root, 'dev/char/9:10'));
    const found = await new SysfsDevices(root).list();
    const usb = { bus: 'usb', vendor: '0403', product: '6001', address: '1-2' };
    expect(Object.fromEntries(found.map(({ path, hardware }) => [path, hardware]))).toEqual({
      '/dev/dri/card0': { bus: 'pci', vendor: '8086', product: '9bc4', address: '0000:00:02.0' },
      '/dev/bus/usb/001/002': usb,
      '/dev/ttyUSB0': usb,
      '/dev/sda': usb,
      '/dev/null': null,
    });
    expect(found.find(({ path }) => path === '/dev/sda')).toMatchObject({ kind: 'block', major: 8, minor: 0, subsystem: 'block' });
  });

  it('are none where there is no such file system', async () => {
    expect(await new SysfsDevices(join(root, 'nothing')).list()).toEqual([]);
  });
});
