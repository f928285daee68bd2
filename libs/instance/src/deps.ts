import type { Engine } from '#lib/engine';
import type { Cgroups, IdRange } from '#lib/host';
import type { Images } from '#lib/image';
import type { Networks } from '#lib/network';
import type { Storage } from '#lib/storage';
import type { Store } from '#lib/store';
import type { Supervision } from './supervision.ts';

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

/** What the parts of this library share; made once at composition. */
export interface InstanceDeps {
  store: Store;
  engine: Engine;
  storage: Storage;
  networks: Networks;
  images: Images;
  cgroups: Cgroups;
  supervision: Supervision;
  host: HostFacts;
  now: () => Date;
  random: () => number;
  /** A failure that no caller waits for: the daemon's log. */
  report: (message: string, cause: unknown) => void;
}
