import type { ConfinedOptions, Confinement } from '../programs/confinement.ts';
import { type RunningProgram, startProgram } from '../programs/programs.ts';

/** Runs programs as the caller, in the tree that they are given, for specs without root. It finds nothing in any tree. */
export class OpenConfinement implements Confinement {
  start(
    program: string,
    args: readonly string[],
    { tree, archive, readsOnly: _, owners: __, ...options }: ConfinedOptions = {},
  ): RunningProgram {
    const named = args.map((argument) => (argument === '/archive' ? (archive ?? argument) : argument));
    return startProgram(program, named, { ...options, ...(tree === undefined ? {} : { cwd: tree }) });
  }

  async inspect(): Promise<void> {}
}
