import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Provider } from '@nestjs/common';
import { Arrivals } from '#lib/archive';
import { faultsFromEnvironment, messageOf, OperationEngine } from '#lib/engine';
import {
  cgroupName,
  hostCgroups,
  hostPlaces,
  LinuxConfinement,
  LinuxDeviceChanges,
  LinuxKeepers,
  LinuxKernelModules,
  LinuxLinks,
  LinuxProcesses,
  SysfsDevices,
} from '#lib/host';
import { imageOperations, type ImageOperations, imageSweeps, LocalImages, recipes } from '#lib/image';
import {
  type Foundations,
  type HostFacts,
  Housekeeping,
  instanceLock,
  Instances,
  Logs,
  profileRules,
  Sessions,
  Supervision,
} from '#lib/instance';
import { ManagedNetworks, NftDeviceRules, NftFirewall, ProcSysctls } from '#lib/network';
import { Profiles } from '#lib/profile';
import { CustomVolumes, PoolStorage, storageDrivers } from '#lib/storage';
import type { Store } from '#lib/store';
import { Warnings } from '#lib/warning';
import { initialise } from './first-run.ts';
import { hostFacts } from './host-facts.ts';
import { BULK_STATE, BulkState } from './instances/bulk-state.ts';
import { LOGS, SESSIONS } from './instances/tokens.ts';
import type { House, HouseControl } from './server/daemon.ts';
import { type Database, openDatabase } from './server/database.ts';
import { warnOfHost } from './server/host-warnings.ts';
import { type Log, logFailure, logReconciled } from './server/log.ts';
import { Reserve } from './server/reserve.ts';
import type { StopOrder } from './server/shutdown.ts';
import type { DaemonSettings } from './settings.ts';
import {
  CUSTOM_VOLUMES,
  ENGINE,
  IMAGE_OPERATIONS,
  IMAGES,
  INSTANCES,
  NETWORKS,
  PROFILES,
  SETTINGS,
  STORAGE,
  STORE,
  WARNINGS,
} from './tokens.ts';

type Report = (message: string, cause: unknown) => void;

function linuxKeepers({ runDir, homeDir }: DaemonSettings, log: Log): LinuxKeepers {
  const keeperPath = join(homeDir, 'native/build/Release/lxctl-keeper');
  return new LinuxKeepers({ runDir, keeperPath, report: (message) => log.warn(message) });
}

/** What the host has at paths, as devices, and in its kernel. */
function hostDevices(report: Report): Pick<Foundations, 'places' | 'devices' | 'deviceChanges' | 'kernelModules'> {
  const deviceChanges = (onChange: () => void) => new LinuxDeviceChanges(onChange, report);
  return { places: hostPlaces, devices: new SysfsDevices(), deviceChanges, kernelModules: new LinuxKernelModules() };
}

/** Everything the daemon is made of, by name. What follows what is written nowhere else. */
export async function buildHouse(settings: DaemonSettings, log: Log, control: HouseControl): Promise<House> {
  await mkdir(settings.runDir, { recursive: true, mode: 0o711 });
  const host = await hostFacts(settings);
  const reserve = new Reserve({ directory: settings.stateDir, report: (message, fields) => log.warn(fields, message) });
  const database = await openDatabase({ settings, log, reserve, ...control });
  try {
    return assemble(settings, log, host, database, reserve);
  } catch (error) {
    await database.store.close();
    await database.stop();
    throw error;
  }
}

const now = () => new Date();

function assemble(settings: DaemonSettings, log: Log, host: HostFacts, database: Database, reserve: Reserve): House {
  const { stateDir } = settings;
  const report: Report = (message, cause) => log.warn({ err: cause }, message);
  const { store } = database;
  const engine = operationEngine(store, log, reserve);
  const warnings = new Warnings({ store, events: engine.events, now, report });
  const storage = new PoolStorage({ stateDir, store, engine, drivers: storageDrivers });
  const { arrivals, confinement, backupsDir } = archives(settings);
  const volumeParts = { store, engine, places: storage.customPlaces, lockOf: instanceLock, arrivals, confinement, backupsDir, now, report };
  const customVolumes = new CustomVolumes(volumeParts);
  const networks = managedNetworks(stateDir, store, report);
  const imageParts = { stateDir, store, recipes, confinement, architecture: host.architecture };
  const images = new LocalImages({ ...imageParts, instances: () => instances.trees });
  const imageOps = registeredImages(engine, images, storage);
  const cgroups = hostCgroups({ name: cgroupName(stateDir) });
  const supervision = new Supervision(linuxKeepers(settings, log));
  const kernel = { host, confinement, deviceRules: new NftDeviceRules(stateDir), ...hostDevices(report) };
  const sweeps = [...customVolumes.sweeps, ...imageSweeps({ engine, images, operations: imageOps, now, report })];
  const outside = { ...kernel, now, random: Math.random, report, sweeps };
  const foundations: Foundations = { store, engine, storage, networks, images, arrivals, cgroups, supervision, warnings, ...outside };
  const instances = new Instances(foundations);
  const housekeeping = new Housekeeping(foundations, instances, settings.databasePatienceMs / 2);
  const values: [token: symbol, value: unknown][] = [
    [SETTINGS, settings],
    [STORE, store],
    [ENGINE, engine],
    [WARNINGS, warnings],
    [STORAGE, storage],
    [CUSTOM_VOLUMES, customVolumes],
    [NETWORKS, networks],
    [IMAGES, images],
    [IMAGE_OPERATIONS, imageOps],
    [INSTANCES, instances],
    [BULK_STATE, new BulkState(instances, engine)],
    [SESSIONS, new Sessions(engine, instances)],
    [LOGS, new Logs(instances.logFiles, supervision)],
    [PROFILES, new Profiles(store, engine.events, profileRules(instances))],
  ];

  return {
    ...{ store, engine, storage, instances },
    providers: values.map(([provide, useValue]): Provider => ({ provide: provide as symbol, useValue })),
    async start() {
      const rooms = [storage, images, cgroups, networks, arrivals];
      await Promise.all([...rooms.map((room) => room.prepare()), supervision.adopt()]);
      await warnOfHost(foundations, warnings);
      reserve.begin();
      await engine.recover();
      // After it: a first start that was cut short is undone before it is begun anew.
      await initialise({ store, storage, networks, report });
      logReconciled(log, await housekeeping.reconcile());
    },
    async stop(mode: StopOrder) {
      await instances.files.close();
      const problems = await closeHouse(foundations, networks, housekeeping, mode);
      await reserve.end();
      await database.stop();
      return problems;
    },
  };
}

/** What reads and writes archives. */
function archives({ stateDir, homeDir }: DaemonSettings) {
  return {
    arrivals: new Arrivals(join(stateDir, 'imports')),
    confinement: new LinuxConfinement(join(homeDir, 'native/build/Release/lxctl-confine')),
    backupsDir: join(stateDir, 'volume-backups'),
  };
}

function registeredImages(engine: OperationEngine, images: LocalImages, storage: PoolStorage): ImageOperations {
  const operations = imageOperations(images, storage.trees, engine.events);
  engine.register(operations.create);
  engine.register(operations.refresh);
  engine.register(operations.delete);
  return operations;
}

function operationEngine(store: Store, log: Log, reserve: Reserve): OperationEngine {
  return new OperationEngine({
    store,
    report: (problem) => log.warn({ err: problem.error, operation: problem.operationId }, problem.what),
    faults: faultsFromEnvironment(),
    failed: logFailure(log),
    room: reserve.mustBeWhole,
  });
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

/** All but the database server, which is last of all. One part that does not end keeps none of the others. */
async function closeHouse(
  foundations: Foundations,
  networks: ManagedNetworks,
  housekeeping: Housekeeping,
  mode: StopOrder,
): Promise<readonly string[]> {
  const { engine, storage, supervision, cgroups, store, report } = foundations;
  const problems: string[] = [];
  const attempt = (what: string, work: () => Promise<void>) =>
    work().catch((error: unknown) => {
      report(what, error);
      problems.push(`${what}: ${messageOf(error)}`);
    });
  housekeeping.close();
  const leave = mode.instances === 'leave';
  if (!leave) problems.push(...(await housekeeping.stopAll(mode.instances === 'kill')));
  // Who waits for a database that is away, would wait in vain.
  const left = await engine.shutdown(problems.length > 0 ? 0 : mode.patienceMs);
  if (!leave) problems.push(...left.map(({ kind, id }) => `the operation ${id} (${kind}) is left to the next start`));
  await housekeeping.settle();
  await foundations.warnings.written();
  if (leave) networks.close();
  else {
    await housekeeping.killRest();
    await attempt('taking down the networks', () => networks.tearDown());
    await foundations.deviceRules.clear().catch((error: unknown) => report('removing the rules of devices', error));
    await attempt('ending the nursery', () => supervision.retire());
    await attempt('removing the control groups', () => cgroups.retire());
    await attempt('unmounting the storage pools', () => storage.retire());
  }
  supervision.release();
  await attempt('closing the database', () => store.close());
  return problems;
}
