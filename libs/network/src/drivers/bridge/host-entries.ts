import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One nic as dnsmasq is told of it. */
export interface HostEntry {
  mac: string;
  ipv4: string | null;
  /** null: the server gives it no name. */
  hostname: string | null;
}

/**
 * The directory of host entries, a file each (`--dhcp-hostsdir`). Files appear whole: they are written beside the watched
 * directory and renamed into it.
 */
export class HostEntries {
  #gone = false;
  readonly #directory: string;
  readonly #scratch: string;

  constructor(directory: string, scratch: string) {
    this.#directory = directory;
    this.#scratch = scratch;
  }

  /** True when an entry has gone or changed since dnsmasq last read all of them, so that it must be told to. */
  async put(key: EntryKey, { mac, ipv4, hostname }: HostEntry): Promise<boolean> {
    const name = fileName(key);
    const temporary = join(this.#scratch, `.${name}`);
    const text = `${[mac, ipv4, hostname].filter(Boolean).join(',')}\n`;
    const before = await readFile(join(this.#directory, name), 'utf8').catch(() => text);
    await writeFile(temporary, text, { mode: 0o644 });
    await rename(temporary, join(this.#directory, name));
    const gone = this.#gone || before !== text;
    this.#gone = false;
    return gone;
  }

  async remove(key: EntryKey): Promise<void> {
    await rm(join(this.#directory, fileName(key)), { force: true });
    this.#gone = true;
  }

  async removeAll(instanceId: string): Promise<void> {
    for (const name of await readdir(this.#directory)) {
      if (!name.startsWith(`${instanceId}.`)) continue;
      await rm(join(this.#directory, name), { force: true });
      this.#gone = true;
    }
  }

  async clear(): Promise<void> {
    for (const name of await readdir(this.#directory)) await rm(join(this.#directory, name), { force: true });
    this.#gone = true;
  }
}

export interface EntryKey {
  instanceId: string;
  device: string;
}

/** dnsmasq leaves out names that end in `~` or begin with `.` or `#`; a slash would leave the directory. */
function fileName({ instanceId, device }: EntryKey): string {
  return `${instanceId}.${encodeURIComponent(device).replaceAll('~', '%7E')}`;
}
