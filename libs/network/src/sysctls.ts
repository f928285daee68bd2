import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '#lib/host';

/** Kernel settings under /proc/sys. */
export interface Sysctls {
  /** `path` with slashes: link names hold dots. A setting the kernel does not have is left out. */
  set(path: string, value: string): Promise<void>;
  /** null: the kernel does not have it. */
  get(path: string): Promise<string | null>;
}

export class ProcSysctls implements Sysctls {
  readonly #root: string;

  constructor(root = '/proc/sys') {
    this.#root = root;
  }

  async get(path: string): Promise<string | null> {
    try {
      return (await readFile(join(this.#root, path), 'utf8')).trim();
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return null;
      throw error;
    }
  }

  async set(path: string, value: string): Promise<void> {
    const file = join(this.#root, path);
    try {
      // Writing net/ipv4/ip_forward resets other settings (ip-sysctl), also when it does not change.
      if ((await readFile(file, 'utf8')).trim() !== value) await writeFile(file, value);
    } catch (error) {
      if (!isErrno(error, 'ENOENT')) throw error;
    }
  }
}
