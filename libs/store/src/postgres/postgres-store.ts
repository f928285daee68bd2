import type { Events, Images, Instances, Networks, Nics, Operations, Pools, Profiles, ServerConfig, Store, Volumes } from '../store.ts';
import { PostgresEvents } from './events.ts';
import { PostgresImages } from './images.ts';
import { PostgresInstances } from './instances.ts';
import { PostgresNetworks } from './networks.ts';
import { PostgresNics } from './nics.ts';
import { PostgresOperations } from './operations.ts';
import type { PoolSession } from './pool-session.ts';
import { PostgresPools } from './pools.ts';
import { PostgresProfiles } from './profiles.ts';
import { PostgresServerConfig } from './server-config.ts';
import type { Session } from './session.ts';
import { PostgresVolumes } from './volumes.ts';

/** The tables as one session sees them. */
class Tables {
  readonly instances: Instances;
  readonly profiles: Profiles;
  readonly images: Images;
  readonly pools: Pools;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly nics: Nics;
  readonly operations: Operations;
  readonly events: Events;
  readonly config: ServerConfig;

  constructor(session: Session) {
    this.instances = new PostgresInstances(session);
    this.profiles = new PostgresProfiles(session);
    this.images = new PostgresImages(session);
    this.pools = new PostgresPools(session);
    this.volumes = new PostgresVolumes(session);
    this.networks = new PostgresNetworks(session);
    this.nics = new PostgresNics(session);
    this.operations = new PostgresOperations(session);
    this.events = new PostgresEvents(session);
    this.config = new PostgresServerConfig(session);
  }
}

export class PostgresStore extends Tables implements Store {
  readonly #pool: PoolSession;
  readonly #release: () => Promise<void>;

  /** `release` gives the database up, once nothing is written any more. */
  constructor(pool: PoolSession, release: () => Promise<void>) {
    super(pool);
    this.#pool = pool;
    this.#release = release;
  }

  tx<T>(work: (store: Store) => Promise<T>): Promise<T> {
    return this.#pool.transaction((session) => work(new TransactionStore(session)));
  }

  async close(): Promise<void> {
    await this.#pool.close();
    await this.#release();
  }
}

class TransactionStore extends Tables implements Store {
  async tx(): Promise<never> {
    throw new Error('transactions do not nest');
  }

  async close(): Promise<never> {
    throw new Error('a transaction ends by itself');
  }
}
