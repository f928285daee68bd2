export { type ConfinedOptions, type Confinement, type Given, LinuxConfinement, type OwnerMaps, strangersFrom } from './confinement.ts';
export {
  outputOf,
  ProgramFailed,
  type ProgramOptions,
  programOutput,
  runProgram,
  type RunningProgram,
  startProgram,
} from './programs.ts';
