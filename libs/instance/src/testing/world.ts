import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Arrivals } from '#lib/archive';
import { OperationEngine } from '#lib/engine';
import {
  FakeCgroups,
  FakeDevices,
  type FakeKeeper,
  FakeKeepers,
  FakeKernelModules,
  FakePlaces,
  type LaunchPlan,
  OpenConfinement,
} from '#lib/host';
import type { Images } from '#lib/image';
import { type Networks, RecordingDeviceRules } from '#lib/network';
import type { Storage } from '#lib/storage';
import type { InstanceRow } from '#lib/store';
import { Warnings } from '#lib/warning';
import type { WireEvent } from '#lib/contract';
import { MemoryStore, sampleInstance } from '../../../store/src/fake/index.ts';
import { Housekeeping } from '../housekeeping.ts';
import { type Foundations, type instanceOperations, Instances, type InstanceVerbs, operationsOf } from '../instances.ts';
import { Supervision } from '../supervision.ts';
import { FakeImages } from './fake-images.ts';
import { FakeNetworks } from './fake-networks.ts';
import { FakeStorage } from './fake-storage.ts';

export const fingerprint = 'f'.repeat(64);

/** Keepers whose init is this process: what asks /proc for it finds something. */
class OwnKeepers extends FakeKeepers {
  /** Called for each instance as it comes up. */
  onLaunch: (keeper: FakeKeeper) => void = () => {};

  override async launch(plan: LaunchPlan): Promise<FakeKeeper> {
    const keeper = await super.launch(plan);
    keeper.info = { ...keeper.info, initPid: process.pid };
    this.onLaunch(keeper);
    return keeper;
  }
}

/** A server's instances on fakes of everything below: pool `default`, bridge `br`, profile `default`, image `img`. */
export class World {
  readonly store = new MemoryStore();
  readonly keepers = new OwnKeepers();
  readonly cgroups = new FakeCgroups();
  readonly storage = new FakeStorage(this.store);
  readonly networks = new FakeNetworks();
  readonly images = new FakeImages();
  readonly places = new FakePlaces();
  readonly devices = new FakeDevices();
  readonly kernelModules = new FakeKernelModules();
  /** Called for what the kernel would tell: devices have come or gone. */
  onDevices: () => void = () => {};
  readonly warnings: Warnings;
  readonly problems: string[] = [];
  readonly events: WireEvent[] = [];
  /** What time it is, until a test sets it. */
  clock = '2026-01-02T03:04:05Z';
  readonly engine: OperationEngine;
  readonly on: Foundations;
  readonly instances: Instances;
  readonly housekeeping: Housekeeping;

  /** Links to the logs by the names of instances. */
  readonly logsDir: string;

  private constructor(readonly place: string) {
    this.logsDir = join(place, 'logs');
    const report = (message: string, cause: unknown) => void this.problems.push(`${message}: ${String(cause)}`);
    this.engine = new OperationEngine({ store: this.store, report: ({ what, error }) => report(what, error) });
    this.engine.events.subscribe((event) => this.events.push(event));
    this.warnings = new Warnings({ store: this.store, events: this.engine.events, now: () => new Date(), report });
    this.on = {
      store: this.store,
      engine: this.engine,
      storage: this.storage as unknown as Storage,
      networks: this.networks as unknown as Networks,
      deviceRules: new RecordingDeviceRules(),
      images: this.images as unknown as Images,
      cgroups: this.cgroups,
      kernelModules: this.kernelModules,
      supervision: new Supervision(this.keepers),
      places: this.places,
      devices: this.devices,
      deviceChanges: (onChange) => {
        this.onDevices = onChange;
        return { watch: async () => {}, close: () => {} };
      },
      confinement: new OpenConfinement(),
      arrivals: new Arrivals(join(place, 'imports')),
      warnings: this.warnings,
      host: {
        ids: { shared: { first: 1_000_000, count: 131_072 }, own: [{ first: 2_000_000, count: 16 * 65_536 }] },
        seccomp: null,
        systemCalls: { known: (name) => name !== 'frobnicate', compile: async () => new Uint8Array([1]) },
        lxcfs: null,
        runDir: '/fake/run',
        homesDir: join(place, 'instances'),
        logsDir: this.logsDir,
        architecture: 'x86_64',
        onlineCpus: [0, 1, 2, 3],
        totalMemory: 8 * 1024 ** 3,
        hardLimits: { nofile: 20_000 },
      },
      sweeps: [],
      now: () => new Date(this.clock),
      random: Math.random,
      report,
    };
    this.instances = new Instances(this.on);
    this.housekeeping = new Housekeeping(this.on, this.instances, 100);
  }

  static async make(): Promise<World> {
    const world = new World(await mkdtemp(join(tmpdir(), 'lxctl-instance-')));
    const { store, images } = world;
    await store.pools.insert({ name: 'default', driver: 'dir', description: '', config: {} });
    await store.networks.insert({ project: 'default', name: 'br', type: 'bridge', description: '', config: {} });
    const devices = { root: { type: 'disk', path: '/', pool: 'default' }, eth0: { type: 'nic', network: 'br' } };
    await store.profiles.insert({ project: 'default', name: 'default', description: '', config: {}, devices });
    await store.images.insert(images.add(fingerprint, 'img'));
    worlds.push(world);
    return world;
  }

  /** Every operation kind, over the fakes. */
  get operations(): ReturnType<typeof instanceOperations> {
    return operationsOf(this.verbs);
  }

  get verbs(): InstanceVerbs {
    return this.instances.verbs;
  }

  get supervision(): Supervision {
    return this.on.supervision;
  }

  /** A stopped instance with root and volume, as a create leaves it. */
  async instance(name: string, change: Partial<InstanceRow> = {}): Promise<InstanceRow> {
    const row = sampleInstance(name, {
      volatile: { 'volatile.base_image': fingerprint, 'volatile.eth0.hwaddr': '00:16:3e:00:00:01', 'volatile.eth0.name': 'eth0' },
      profiles: ['default'],
      createdAt: new Date(0),
      ...change,
    });
    await this.store.instances.insert(row);
    const root = { id: row.id, project: row.project, name, pool: 'default', image: fingerprint };
    this.storage.images.add(`default/${fingerprint}`);
    await this.storage.roots.reserve(this.store, root);
    await this.storage.roots.create(root);
    return row;
  }

  /** An instance that runs. */
  async running(name: string, change: Partial<InstanceRow> = {}): Promise<{ row: InstanceRow; keeper: FakeKeeper }> {
    const row = await this.instance(name, change);
    const { volatile, attached } = await this.instances.runner.up(row);
    await this.store.instances.update(row.id, { power: 'running', attached });
    await this.store.instances.mergeVolatile(row.id, volatile);
    return { row: await this.row(row.id), keeper: this.keeper(row.id) };
  }

  keeper(id: string): FakeKeeper {
    const keeper = this.keepers.running.get(id);
    if (!keeper) throw new Error(`${id} does not run`);
    return keeper;
  }

  async row(id: string): Promise<InstanceRow> {
    const row = await this.store.instances.byId(id);
    if (!row) throw new Error(`no row ${id}`);
    return row;
  }

  /** Resolves when everything that housekeeping has begun is over, however long this machine takes. */
  settled(): Promise<void> {
    return this.housekeeping.settle(60_000);
  }

  /** Resolves with the next lifecycle event of this action. */
  lifecycle(action: string): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.engine.events.subscribe((event) => {
        if (event.type !== 'lifecycle' || (event.metadata as { action: string }).action !== action) return;
        stop();
        resolve();
      });
    });
  }

  /** Actions of the lifecycle events so far. */
  get actions(): string[] {
    return this.events.filter((event) => event.type === 'lifecycle').map((event) => (event.metadata as { action: string }).action);
  }
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (cause: Error) => cause,
  );
}

const worlds: World[] = [];

/** For afterEach: removes what the worlds have on disk. */
export async function removeWorlds(): Promise<void> {
  for (const world of worlds.splice(0)) {
    await world.engine.shutdown(0);
    await world.instances.logFiles.idle();
    await rm(world.place, { recursive: true, force: true });
  }
}
