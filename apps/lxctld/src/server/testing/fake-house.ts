import type { WireEvent, WireOperation } from '#lib/contract';
import { LxError } from '#lib/contract';
import type { Engine, Operation } from '#lib/engine';
import { Profiles } from '#lib/profile';
import type { Storage } from '#lib/storage';
import { MemoryStore } from '../../../../../libs/store/src/fake/index.ts';
import { ENGINE, PROFILES, STORE } from '../../tokens.ts';
import type { House } from '../daemon.ts';
import type { StopOrder } from '../shutdown.ts';

/** For specs: a house of plain objects, enough for the rim's own endpoints. */
export class FakeHouse implements House {
  readonly store = new MemoryStore();
  readonly operations = new Map<string, WireOperation>();
  readonly listeners = new Set<(event: WireEvent) => void>();
  readonly connected: string[] = [];
  readonly applied: string[] = [];
  problems: string[] = [];
  stopped: StopOrder | null = null;
  starting: Promise<void> = Promise.resolve();

  readonly instances = {} as House['instances'];
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
    pools: { list: async () => [{ driver: 'overlay' }] },
  } as unknown as Storage;

  readonly providers = [
    { provide: STORE, useValue: this.store },
    { provide: ENGINE, useValue: this.engine },
    {
      provide: PROFILES,
      useValue: new Profiles(this.store, this.engine.events, {
        problems: async ({ config }) =>
          Object.keys(config)
            .filter((key) => !key.startsWith('user.'))
            .map((key) => `Unknown configuration key: ${key}`),
        userProblems: () => [],
        written: async () => {},
        apply: async ({ name }) => void this.applied.push(name),
      }),
    },
  ];

  start(): Promise<void> {
    return this.starting;
  }

  async stop(order: StopOrder): Promise<readonly string[]> {
    this.stopped = order;
    return this.problems;
  }

  emit(event: WireEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  #operation(view: WireOperation): Operation {
    return { id: view.id, view: () => view, requestor: null } as unknown as Operation;
  }
}
