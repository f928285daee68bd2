import { readdir, readFile, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isErrno } from '../errno.ts';

/** A device of the host that has a node. */
export interface HostDevice {
  /** Of its node, e.g. /dev/bus/usb/001/002. */
  path: string;
  kind: 'char' | 'block';
  major: number;
  minor: number;
  /** The kernel's class of it: usb, drm, tty, ... */
  subsystem: string;
  /** What it is, or is a part of: the nearest one that says so. Four lower case hex digits each. */
  hardware: { bus: 'usb' | 'pci'; vendor: string; product: string /** Its name on the bus: 0000:01:00.0, 1-2. */; address: string } | null;
}

/** Devices as sysfs(5) has them. */
export interface HostDevices {
  list(): Promise<HostDevice[]>;
}

type Hardware = HostDevice['hardware'];

export class SysfsDevices implements HostDevices {
  readonly #root: string;

  /** `root`: where sysfs is mounted. */
  constructor(root = '/sys') {
    this.#root = root;
  }

  async list(): Promise<HostDevice[]> {
    const known = new Map<string, Promise<Hardware>>();
    const of = async (kind: HostDevice['kind']) => {
      const names = await readdir(join(this.#root, 'dev', kind)).catch(unlessMissing([]));
      return Promise.all(names.map((name) => this.#read(kind, name, known)));
    };
    const [chars, blocks] = await Promise.all([of('char'), of('block')]);
    return [...chars, ...blocks].filter((device) => device !== null);
  }

  /** null: it has gone meanwhile, or has no node. */
  async #read(kind: HostDevice['kind'], numbers: string, known: Map<string, Promise<Hardware>>): Promise<HostDevice | null> {
    const link = join(this.#root, 'dev', kind, numbers);
    const directory = await readlink(link).catch(unlessMissing(null));
    if (directory === null) return null;
    const own = resolve(dirname(link), directory);
    const [event, subsystem] = await Promise.all([text(join(own, 'uevent')), readlink(join(own, 'subsystem')).catch(unlessMissing(''))]);
    const [, name] = /^DEVNAME=(.+)$/m.exec(event ?? '') ?? [];
    const [major, minor] = numbers.split(':').map(Number);
    if (!name || major === undefined || minor === undefined) return null;
    const hardware = await this.#hardware(own, known);
    return { path: `/dev/${name}`, kind, major, minor, subsystem: subsystem.split('/').pop() ?? '', hardware };
  }

  #hardware(directory: string, known: Map<string, Promise<Hardware>>): Promise<Hardware> {
    if (directory.length <= join(this.#root, 'devices').length) return Promise.resolve(null);
    let found = known.get(directory);
    if (!found) {
      found = this.#ownHardware(directory).then((own) => own ?? this.#hardware(dirname(directory), known));
      known.set(directory, found);
    }
    return found;
  }

  async #ownHardware(directory: string): Promise<Hardware> {
    const address = directory.split('/').pop() ?? '';
    const ids = (one: string, other: string) => Promise.all([text(join(directory, one)), text(join(directory, other))]);
    const [vendor, product] = (await ids('idVendor', 'idProduct')).map((id) => /^[0-9a-f]{4}$/.exec(id ?? '')?.[0]);
    if (vendor && product) return { bus: 'usb', vendor, product, address };
    if (!/^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(address)) return null;
    const [maker, model] = (await ids('vendor', 'device')).map((id) => /^0x([0-9a-f]{4})$/.exec(id ?? '')?.[1]);
    return maker && model ? { bus: 'pci', vendor: maker, product: model, address } : null;
  }
}

async function text(path: string): Promise<string | null> {
  return (await readFile(path, 'utf8').catch(unlessMissing(null)))?.trim() ?? null;
}

/** A device can go while it is looked at: ENODEV of a file that was open. */
function unlessMissing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ENODEV', 'EINVAL')) return instead;
    throw error;
  };
}
