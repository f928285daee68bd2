import type {
  Backups,
  Events,
  Images,
  Instances,
  Networks,
  Nics,
  Operations,
  Pools,
  Profiles,
  ServerConfig,
  Snapshots,
  Store,
  Volumes,
  Warnings,
} from '../store.ts';
import { RowConflict } from '../store.ts';
import { memoryConfig } from './memory-config.ts';
import { memoryImages } from './memory-images.ts';
import { memoryInstances } from './memory-instances.ts';
import { memoryEvents, memoryOperations } from './memory-journal.ts';
import { memoryNetworks } from './memory-networks.ts';
import { memoryNics } from './memory-nics.ts';
import { memoryProfiles } from './memory-profiles.ts';
import { memoryBackups } from './memory-backups.ts';
import { memorySnapshots } from './memory-snapshots.ts';
import { memoryPools, memoryVolumes } from './memory-storage.ts';
import { memoryWarnings } from './memory-warnings.ts';
import type { Inverse } from './memory-table.ts';
import type { MemoryTables, Write } from './memory-tables.ts';
import { newTables } from './memory-tables.ts';

/**
 * A Store in memory, with the behaviour of the real one: copies in and out, uniqueness, RowMissing, transactions that
 * roll back. For specs. Not isolated: what a transaction writes is seen by others before it commits.
 */
export class MemoryStore implements Store {
  readonly instances: Instances;
  readonly snapshots: Snapshots;
  readonly backups: Backups;
  readonly volumeBackups: Backups;
  readonly profiles: Profiles;
  readonly images: Images;
  readonly pools: Pools;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly nics: Nics;
  readonly operations: Operations;
  readonly events: Events;
  readonly config: ServerConfig;
  readonly warnings: Warnings;
  /** How many commits a database would have made: one a write outside a transaction, one a transaction. */
  commits = 0;

  readonly #tables: MemoryTables;
  /** null outside a transaction. */
  readonly #inverses: Inverse[] | null;
  /** A refused statement makes its transaction fail, also when the caller caught the error: so it is with Postgres. */
  #failure: RowConflict | null = null;

  constructor(tables: MemoryTables = newTables(), inverses: Inverse[] | null = null) {
    this.#tables = tables;
    this.#inverses = inverses;
    const write: Write = async (work) => this.#write(work);
    this.instances = memoryInstances(tables, write);
    this.snapshots = memorySnapshots(tables, write);
    this.backups = memoryBackups(tables, 'instance', write);
    this.volumeBackups = memoryBackups(tables, 'volume', write);
    this.profiles = memoryProfiles(tables, write);
    this.images = memoryImages(tables, write);
    this.pools = memoryPools(tables, write);
    this.volumes = memoryVolumes(tables, write);
    this.networks = memoryNetworks(tables, write);
    this.nics = memoryNics(tables, write);
    this.operations = memoryOperations(tables, write);
    this.events = memoryEvents(tables, write);
    this.config = memoryConfig(tables, write);
    this.warnings = memoryWarnings(tables, write);
  }

  async tx<T>(work: (store: Store) => Promise<T>): Promise<T> {
    if (this.#inverses) throw new Error('transactions do not nest');
    const inverses: Inverse[] = [];
    try {
      const inside = new MemoryStore(this.#tables, inverses);
      const result = await work(inside);
      if (inside.#failure) throw inside.#failure;
      this.commits++;
      return result;
    } catch (error) {
      for (const inverse of inverses.reverse()) inverse();
      throw error;
    }
  }

  /** Commits alone: what a statement is, only a database knows. */
  get traffic(): { statements: number; commits: number } {
    return { statements: 0, commits: this.commits };
  }

  async close(): Promise<void> {}

  /** Runs one write; it is all or nothing, as a statement is. */
  #write<T>(work: (inverses: Inverse[]) => T): T {
    const inverses: Inverse[] = [];
    try {
      const result = work(inverses);
      if (this.#inverses) this.#inverses.push(...inverses);
      else this.commits++;
      return result;
    } catch (error) {
      for (const inverse of inverses.reverse()) inverse();
      if (error instanceof RowConflict) this.#failure ??= error;
      throw error;
    }
  }
}
