import { type ProgramOptions, type RunningProgram, startProgram } from './programs.ts';

/** What a confined program sees of the host's files, beside the programs themselves. */
export interface Given {
  /** A directory that it may fill, as the root of all ids: its working directory, `/tree`. */
  tree?: string;
  /** The tree is there to be read alone. */
  readsOnly?: boolean;
  /** How owners inside become owners in the tree, when not as they are. */
  owners?: OwnerMaps;
  /** A file that it may read: `/archive`. */
  archive?: string;
}

/** Texts of uid_map and gid_map (user_namespaces(7)): an owner in the tree, the id inside plus `strangersFrom`, how many. */
export interface OwnerMaps {
  uids: string;
  gids: string;
}

/** First of the host's ids that programs in confinement have: there is nobody (native/src/confine/room.cc). */
export const strangersFrom = 2 ** 31;

export type ConfinedOptions = Omit<ProgramOptions, 'cwd' | 'starts'> & Given;

/** How a tree is looked at. */
export interface Inspection {
  signal?: AbortSignal | undefined;
  keepsMarks?: boolean;
  owners?: OwnerMaps;
}

/**
 * Runs programs on bytes that a stranger made, where what goes wrong in them does no harm: they belong to nobody on the host,
 * make no device nodes, and see nothing but programs and what they are given.
 */
export interface Confinement {
  start(program: string, args: readonly string[], options?: ConfinedOptions): RunningProgram;
  /**
   * Looks at what a program left in a tree: rejects with ProgramFailed when it holds a device node, and takes away the
   * extended attributes that overlayfs would read as its own. `keepsMarks`: no overlay of the server's will stand on the tree, so
   * they stay, and so do overlayfs's whiteouts, which are nodes of no device. `owners`: as when it was filled, so that nothing in it is
   * closed to who looks.
   */
  inspect(tree: string, options?: Inspection): Promise<void>;
}

/** By `lxctl-confine` (native/src/confine). */
export class LinuxConfinement implements Confinement {
  /** The lxctl-confine program. */
  readonly #confinePath: string;

  constructor(confinePath: string) {
    this.#confinePath = confinePath;
  }

  start(program: string, args: readonly string[], { tree, readsOnly, owners, archive, ...options }: ConfinedOptions = {}): RunningProgram {
    const shown = tree === undefined ? [] : [readsOnly ? '--shown' : '--tree', tree, ...mapsOf(owners)];
    const given = [...shown, ...(archive === undefined ? [] : ['--archive', archive])];
    return startProgram(this.#confinePath, [...given, '--', program, ...args], { ...options, starts: program });
  }

  async inspect(tree: string, { signal, keepsMarks = false, owners }: Inspection = {}): Promise<void> {
    const marks = keepsMarks ? ['--marks', 'kept'] : [];
    await startProgram(this.#confinePath, ['--tree', tree, ...mapsOf(owners), ...marks], { signal }).done;
  }
}

function mapsOf(owners: OwnerMaps | undefined): string[] {
  return owners ? ['--uid-map', owners.uids, '--gid-map', owners.gids] : [];
}
