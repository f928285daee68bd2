import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Provider } from '@nestjs/common';
import { faultsFromEnvironment, OperationEngine } from '#lib/engine';
import { cgroupName, hostCgroups, LinuxConfinement, LinuxKeepers, LinuxLinks, LinuxProcesses } from '#lib/host';
import { imageOperations, LocalImages, recipes } from '#lib/image';
import { type Foundations, Housekeeping, Instances, Logs, profileRules, Sessions, Supervision } from '#lib/instance';
import { ManagedNetworks, NftFirewall, ProcSysctls } from '#lib/network';
import { Profiles } from '#lib/profile';
import { PoolStorage, storageDrivers } from '#lib/storage';
import { EmbeddedPostgres, openStore, type Store } from '#lib/store';
import { initialise } from './first-run.ts';
import { hostFacts } from './host-facts.ts';
import { BULK_STATE, BulkState } from './instances/bulk-state.ts';
import { LOGS, SESSIONS } from './instances/tokens.ts';
import type { House } from './server/daemon.ts';
import type { Log } from './server/log.ts';
import type { StopOrder } from './server/shutdown.ts';
import type { DaemonSettings } from './settings.ts';
import { ENGINE, IMAGE_OPERATIONS, IMAGES, INSTANCES, NETWORKS, PROFILES, SETTINGS, STORAGE, STORE } from './tokens.ts';

type Report = (message: string, cause: unknown) => void;

/** The database of these settings, and what ends it. */
async function openDatabase(settings: DaemonSettings, log: Log): Promise<{ store: Store; stop(): Promise<void> }> {
  if (settings.databaseUrl) {
    const store = await openStore({ databaseUrl: settings.databaseUrl });
    return { store, stop: async () => {} };
  }
  const processes = new LinuxProcesses();
  const server = new EmbeddedPostgres({
    stateDir: settings.stateDir,
    runDir: settings.runDir,
    watch: (pid) => ({ ended: processes.open(pid).then((handle) => handle?.ended.then(() => handle.close())) }),
    report: (message) => log.warn(message),
  });
  await server.start();
  return { store: await openStore({ socket: server.address }), stop: () => server.stop() };
}

function linuxKeepers({ runDir, homeDir }: DaemonSettings, log: Log): LinuxKeepers {
  const keeperPath = join(homeDir, 'native/build/Release/lxctl-keeper');
  return new LinuxKeepers({ runDir, keeperPath, report: (message) => log.warn(message) });
}

/** Everything the daemon is made of, by name. What follows what is written nowhere else. */
export async function buildHouse(settings: DaemonSettings, log: Log): Promise<House> {
  const { stateDir, runDir } = settings;
  const report: Report = (message, cause) => log.warn({ err: cause }, message);
  await mkdir(runDir, { recursive: true, mode: 0o711 });
  const [database, host] = await Promise.all([openDatabase(settings, log), hostFacts(settings)]);
  const { store } = database;
  const engine = new OperationEngine({
    store,
    report: (problem) => log.warn({ err: problem.error, operation: problem.operationId }, problem.what),
    faults: faultsFromEnvironment(),
  });
  const storage = new PoolStorage({ stateDir, store, drivers: storageDrivers });
  const networks = managedNetworks(stateDir, store, report);
  const confinement = new LinuxConfinement(join(settings.homeDir, 'native/build/Release/lxctl-confine'));
  const images = new LocalImages({ stateDir, store, recipes, confinement });
  const imageOps = imageOperations(images, storage.trees, engine.events);
  engine.register(imageOps.create);
  engine.register(imageOps.delete);
  const cgroups = hostCgroups({ name: cgroupName(stateDir) });
  const supervision = new Supervision(linuxKeepers(settings, log));
  const outside = { host, now: () => new Date(), random: Math.random, report };
  const foundations: Foundations = { store, engine, storage, networks, images, cgroups, supervision, ...outside };
  const instances = new Instances(foundations);
  const housekeeping = new Housekeeping(foundations, instances);
  const values: [token: symbol, value: unknown][] = [
    [SETTINGS, settings],
    [STORE, store],
    [ENGINE, engine],
    [STORAGE, storage],
    [NETWORKS, networks],
    [IMAGES, images],
    [IMAGE_OPERATIONS, imageOps],
    [INSTANCES, instances],
    [BULK_STATE, new BulkState(instances, engine)],
    [SESSIONS, new Sessions(engine, instances)],
    [LOGS, new Logs(instances.logFiles, supervision)],
    [PROFILES, new Profiles(store, engine.events, profileRules(instances.limits))],
  ];

  return {
    store,
    engine,
    storage,
    providers: values.map(([provide, useValue]): Provider => ({ provide: provide as symbol, useValue })),
    async start() {
      await Promise.all([storage.prepare(), images.prepare(), cgroups.prepare(), supervision.adopt(), networks.prepare()]);
      await initialise({ store, storage, networks, report });
      await engine.recover();
      await housekeeping.reconcile();
    },
    async stop(mode: StopOrder) {
      await closeHouse(foundations, networks, housekeeping, mode);
      await database.stop();
    },
  };
}

function managedNetworks(stateDir: string, store: Store, report: Report): ManagedNetworks {
  return new ManagedNetworks({
    store,
    links: new LinuxLinks(),
    processes: new LinuxProcesses(),
    firewall: new NftFirewall(),
    sysctls: new ProcSysctls(),
    stateDir,
    warn: (network, problem) => report(`network ${network}`, problem),
  });
}

/** Everything but the database, last of all. */
async function closeHouse(foundations: Foundations, networks: ManagedNetworks, housekeeping: Housekeeping, mode: StopOrder): Promise<void> {
  const { engine, supervision, cgroups, store } = foundations;
  housekeeping.close();
  if (mode.instances !== 'leave') await housekeeping.stopAll(mode.instances === 'kill');
  await engine.shutdown(mode.patienceMs);
  await housekeeping.settle();
  if (mode.instances !== 'leave') {
    await housekeeping.killRest();
    await networks.tearDown();
    await supervision.retire();
    await cgroups.retire();
  } else networks.close();
  supervision.release();
  await store.close();
}
