import type { WireEvent, WireOperation } from '#lib/contract';
import { LxError } from '#lib/contract';
import type { Engine, Operation } from '#lib/engine';
import { Profiles } from '#lib/profile';
import type { Storage } from '#lib/storage';
import { type InstanceRow, type ProfileRow, RowConflict, type Store } from '#lib/store';
import { ENGINE, PROFILES, STORE } from '../tokens.ts';
import type { House } from './daemon.ts';
import type { StopOrder } from './shutdown.ts';

/** For specs: a house of plain objects, enough for the rim's own endpoints. */
export class FakeHouse implements House {
  readonly config: Record<string, string> = {};
  readonly instanceRows: Partial<InstanceRow>[] = [];
  readonly profileRows: ProfileRow[] = [];
  readonly operations = new Map<string, WireOperation>();
  readonly listeners = new Set<(event: WireEvent) => void>();
  readonly connected: string[] = [];
  readonly changed: string[] = [];
  stopped: StopOrder | null = null;
  starting: Promise<void> = Promise.resolve();

  readonly store = {
    config: {
      all: async () => ({ ...this.config }),
      set: async (change: Record<string, string | null>) => {
        for (const [key, value] of Object.entries(change)) {
          if (value === null) delete this.config[key];
          else this.config[key] = value;
        }
      },
    },
    instances: {
      list: async () => this.instanceRows,
      usingProfile: async (_: string, name: string) => this.instanceRows.filter((row) => row.profiles?.includes(name)),
      update: async (id: string, change: Partial<InstanceRow>) =>
        void Object.assign(this.instanceRows.find((row) => row.id === id) ?? {}, change),
    },
    images: { list: async () => [] },
    networks: { list: async () => [] },
    profiles: {
      list: async () => this.profileRows,
      get: async (_: string, name: string) => this.profileRows.find((row) => row.name === name) ?? null,
      insert: async (row: Omit<ProfileRow, 'id'>) => {
        if (this.profileRows.some(({ name }) => name === row.name)) throw new RowConflict('profile');
        this.profileRows.push({ id: row.name, ...row });
      },
      update: async (id: string, change: Partial<ProfileRow>) =>
        void Object.assign(this.profileRows.find((row) => row.id === id) ?? {}, change),
      delete: async (id: string) =>
        void this.profileRows.splice(
          this.profileRows.findIndex((row) => row.id === id),
          1,
        ),
    },
    tx: (work: (store: Store) => Promise<unknown>) => work(this.store),
  } as unknown as Store;

  readonly engine = {
    events: {
      lifecycle: (project: string, metadata: unknown) =>
        this.emit({ type: 'lifecycle', timestamp: '', metadata, location: 'none', project }),
      subscribe: (listener: (event: WireEvent) => void) => {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
      },
    },
    list: () => [...this.operations.values()].map((view) => this.#operation(view)),
    get: (id: string) => (this.operations.has(id) ? this.#operation(this.operations.get(id) as WireOperation) : null),
    wait: async (id: string, timeoutMs?: number) => ({ ...this.operations.get(id), metadata: { timeoutMs: timeoutMs ?? null } }),
    cancel: async () => {
      throw new LxError('operation.not_cancellable');
    },
    accepts: (_: string, secret: string) => secret === 'good',
    connect: (id: string, _: string, socket: { send(text: string): void }) => {
      this.connected.push(id);
      socket.send('hello');
    },
  } as unknown as Engine;

  readonly storage = {
    drivers: [{ name: 'overlay', version: '1', remote: false }],
    listPools: async () => [{ driver: 'overlay' }],
  } as unknown as Storage;

  readonly providers = [
    { provide: STORE, useValue: this.store },
    { provide: ENGINE, useValue: this.engine },
    {
      provide: PROFILES,
      useValue: new Profiles(this.store, this.engine.events, {
        problems: (config) =>
          Object.keys(config)
            .filter((key) => !key.startsWith('user.'))
            .map((key) => `Unknown configuration key: ${key}`),
        changed: async (_, name) => void this.changed.push(name),
      }),
    },
  ];

  start(): Promise<void> {
    return this.starting;
  }

  async stop(order: StopOrder): Promise<void> {
    this.stopped = order;
  }

  emit(event: WireEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  #operation(view: WireOperation): Operation {
    return { id: view.id, view: () => view } as unknown as Operation;
  }
}
