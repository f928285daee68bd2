import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { exists } from '../files/index.ts';
import { runProgram } from '../programs/index.ts';

/** Modules of the host's kernel. */
export interface KernelModules {
  /**
   * Makes sure that they are in the kernel. Names are letters, digits, - and _. LxError 'host.module' for one that cannot be had; those
   * before it stay.
   */
  load(names: readonly string[]): Promise<void>;
}

/** Loading waits for hardware at times. */
const timeoutMs = 60_000;

/** A module that is there costs a look into /sys/module, any other a modprobe(8), which knows those that are built in. */
export class LinuxKernelModules implements KernelModules {
  readonly #loaded: string;
  readonly #modprobe: string;

  constructor({ loaded = '/sys/module', modprobe = 'modprobe' } = {}) {
    this.#loaded = loaded;
    this.#modprobe = modprobe;
  }

  async load(names: readonly string[]): Promise<void> {
    for (const name of names) {
      // The kernel writes all of them with _.
      if (await exists(join(this.#loaded, name.replaceAll('-', '_')))) continue;
      await runProgram(this.#modprobe, ['--', name], { timeoutMs }).catch((error: Error) => {
        throw new LxError('host.module', { module: name, reason: error.message }, { cause: error });
      });
    }
  }
}
