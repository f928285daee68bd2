import type { StringMap } from '#lib/base';
import { apiExtensions, refuse, serverConfigProblems, urls, type WireServer, type WireServerUntrusted } from '#lib/contract';
import type { EventHub, Requestor } from '#lib/engine';
import type { Storage } from '#lib/storage';
import type { Store } from '#lib/store';
import type { CertificateFile } from './certificate.ts';
import { environment, osRelease } from './environment.ts';

/** The server's description and its config. */
export class ServerService {
  readonly #release = osRelease();
  readonly #store: Store;
  readonly #storage: Pick<Storage, 'drivers' | 'pools'>;
  readonly #certificate: CertificateFile;
  readonly #events: EventHub;
  readonly #version: string;

  constructor(store: Store, storage: Pick<Storage, 'drivers' | 'pools'>, certificate: CertificateFile, events: EventHub, version: string) {
    this.#store = store;
    this.#storage = storage;
    this.#certificate = certificate;
    this.#events = events;
    this.#version = version;
  }

  /** The description for clients that are not authenticated. */
  introduction(): WireServerUntrusted {
    return {
      api_extensions: Object.keys(apiExtensions),
      api_status: 'stable',
      api_version: '1.0',
      auth: 'untrusted',
      public: false,
      auth_methods: ['tls'],
    };
  }

  async show(project: string): Promise<WireServer> {
    const [config, pools, certificate] = await Promise.all([this.#store.config.all(), this.#storage.pools.list(), this.#certificate.get()]);
    return {
      ...this.introduction(),
      auth: 'trusted',
      config,
      environment: environment({
        version: this.#version,
        release: this.#release,
        project,
        certificate,
        pools,
        drivers: this.#storage.drivers,
      }),
    };
  }

  /** Replaces the whole config, or with `merge` only the keys that are named. An empty value unsets a key. */
  async configure(change: StringMap, options: { merge: boolean; match: (tuple: unknown) => void; requestor: Requestor }): Promise<void> {
    refuse(serverConfigProblems(change));
    await this.#store.tx(async (store) => {
      const before = await store.config.lock();
      options.match([before]);
      const dropped = options.merge ? [] : Object.keys(before).filter((key) => !Object.hasOwn(change, key));
      await store.config.set({
        ...Object.fromEntries(dropped.map((key) => [key, null])),
        ...Object.fromEntries(Object.entries(change).map(([key, value]) => [key, value === '' ? null : value])),
      });
    });
    this.#events.lifecycle('default', { action: 'config-updated', source: urls.server(), requestor: options.requestor });
  }
}
