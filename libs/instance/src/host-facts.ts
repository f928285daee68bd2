import type { HostIds } from '#lib/host';

/** Facts of this host that go into every plan. */
export interface HostFacts {
  ids: HostIds;
  seccomp: Uint8Array | null;
  /** Mount point of lxcfs, null where none runs. */
  lxcfs: string | null;
  runDir: string;
  /** One directory an instance below it: console.log, exec output. */
  logsDir: string;
  /** As LXD spells it, e.g. x86_64. */
  architecture: string;
  onlineCpus: readonly number[];
  /** Bytes of memory. */
  totalMemory: number;
  /** The most that an instance can get of a resource (getrlimit(2), by its name in `limits.kernel.*`); missing: anything. */
  hardLimits: Readonly<Record<string, number>>;
}
