import { type ProgramOptions, type RunningProgram, startProgram } from './programs.ts';

/** What a confined program sees of the host's files, beside the programs themselves. */
export interface Given {
  /** A directory that it may fill, as the root of all ids: its working directory, `/tree`. */
  tree?: string;
  /** A file that it may read: `/archive`. */
  archive?: string;
}

export type ConfinedOptions = Omit<ProgramOptions, 'cwd' | 'starts'> & Given;

/**
 * Runs programs on bytes that a stranger made, where what goes wrong in them does no harm: they belong to nobody on the host,
 * make no device nodes, and see nothing but programs and what they are given.
 */
export interface Confinement {
  start(program: string, args: readonly string[], options?: ConfinedOptions): RunningProgram;
  /**
   * Looks at what a program left in a tree: rejects with ProgramFailed when it holds a device node, and takes away the
   * extended attributes that overlayfs would read as its own.
   */
  inspect(tree: string, signal?: AbortSignal): Promise<void>;
}

/** By `lxctl-confine` (native/src/confine). */
export class LinuxConfinement implements Confinement {
  /** The lxctl-confine program. */
  readonly #confinePath: string;

  constructor(confinePath: string) {
    this.#confinePath = confinePath;
  }

  start(program: string, args: readonly string[], { tree, archive, ...options }: ConfinedOptions = {}): RunningProgram {
    const given = [...(tree === undefined ? [] : ['--tree', tree]), ...(archive === undefined ? [] : ['--archive', archive])];
    return startProgram(this.#confinePath, [...given, '--', program, ...args], { ...options, starts: program });
  }

  async inspect(tree: string, signal?: AbortSignal): Promise<void> {
    await startProgram(this.#confinePath, ['--tree', tree], { signal }).done;
  }
}
