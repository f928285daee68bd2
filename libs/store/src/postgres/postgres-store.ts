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
import { PostgresEvents } from './events.ts';
import { PostgresImages } from './images.ts';
import { PostgresInstances } from './instances.ts';
import { PostgresNetworks } from './networks.ts';
import { PostgresNics } from './nics.ts';
import { PostgresOperations } from './operations.ts';
import type { ChangeListener } from './change-listener.ts';
import { PoolSession, type Traffic } from './pool-session.ts';
import { PostgresPools } from './pools.ts';
import { PostgresProfiles } from './profiles.ts';
import { PostgresServerConfig } from './server-config.ts';
import type { Session } from './session.ts';
import { PostgresBackups } from './backups.ts';
import { PostgresSnapshots } from './snapshots.ts';
import { PostgresVolumes } from './volumes.ts';
import { PostgresWarnings } from './warnings.ts';

/** The tables as one session sees them. */
class Tables {
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

  constructor(session: Session, behind: Session = session) {
    this.instances = new PostgresInstances(session);
    this.snapshots = new PostgresSnapshots(session);
    this.backups = new PostgresBackups(session, 'instance');
    this.volumeBackups = new PostgresBackups(session, 'volume');
    this.profiles = new PostgresProfiles(session.about('profile'));
    this.images = new PostgresImages(session.about('image'));
    this.pools = new PostgresPools(session.about('pool'));
    this.volumes = new PostgresVolumes(session);
    this.networks = new PostgresNetworks(session.about('network'));
    this.nics = new PostgresNics(session);
    this.operations = new PostgresOperations(session);
    this.events = new PostgresEvents(behind);
    this.config = new PostgresServerConfig(session.about('server_config'));
    this.warnings = new PostgresWarnings(session);
  }
}

export class PostgresStore extends Tables implements Store {
  readonly #pool: PoolSession;
  readonly #listener: ChangeListener;
  readonly #release: () => Promise<void>;

  /** `release` gives the database up, once nothing is written any more. */
  constructor(pool: PoolSession, listener: ChangeListener, release: () => Promise<void>) {
    // Events are written in batches behind everybody's back: they are counted with nobody's verb.
    super(pool, new PoolSession(pool.connections, pool.patienceMs, pool.cache));
    this.#pool = pool;
    this.#listener = listener;
    this.#release = release;
  }

  get traffic(): Traffic {
    return { ...this.#pool.traffic };
  }

  tx<T>(work: (store: Store) => Promise<T>): Promise<T> {
    return this.#pool.transaction((session) => work(new TransactionStore(session)));
  }

  async close(): Promise<void> {
    await Promise.all([this.#listener.close(), this.#pool.close()]);
    await this.#release();
  }
}

class TransactionStore extends Tables implements Store {
  get traffic(): never {
    throw new Error('a transaction is counted with its store');
  }

  async tx(): Promise<never> {
    throw new Error('transactions do not nest');
  }

  async close(): Promise<never> {
    throw new Error('a transaction ends by itself');
  }
}
