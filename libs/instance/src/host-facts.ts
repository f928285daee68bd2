import type { IdRange } from '#lib/host';

/** Facts of this host that go into every plan. */
export interface HostFacts {
  idMap: readonly IdRange[];
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
}
