import type { HostIds, SeccompPolicy } from '#lib/host';

/** Facts of this host that go into every plan. */
export interface HostFacts {
  ids: HostIds;
  /** The filter of system calls that instances have who say nothing of it. */
  seccomp: Uint8Array | null;
  systemCalls: {
    known: (name: string) => boolean;
    /** The program of another filter. */
    compile: (policy: SeccompPolicy) => Promise<Uint8Array>;
  };
  /** Mount point of lxcfs, null where none runs. */
  lxcfs: string | null;
  runDir: string;
  /** Holds what the host keeps of each instance, in a directory of its id. */
  homesDir: string;
  /** Holds links to the instances' logs (console.log, exec output) by their names. */
  logsDir: string;
  /** As LXD spells it, e.g. x86_64. */
  architecture: string;
  onlineCpus: readonly number[];
  /** Bytes of memory. */
  totalMemory: number;
  /** The most that an instance can get of a resource (getrlimit(2), by its name in `limits.kernel.*`); missing: anything. */
  hardLimits: Readonly<Record<string, number>>;
}
