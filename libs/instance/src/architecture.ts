import { architectureName } from '#lib/contract';

/** A sentence where `given` is none of `host`'s names; nothing when it is empty, which means the host's. */
export function architectureProblems(given: string, host: string): string[] {
  return given === '' || (architectureName(given) ?? given) === host
    ? []
    : [`Requested architecture isn't supported by this host: ${given}`];
}
