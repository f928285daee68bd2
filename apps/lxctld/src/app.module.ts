import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common';
import type { Engine } from '#lib/engine';
import { EventSockets } from './events/event-sockets.ts';
import { EventsController } from './events/events.controller.ts';
import { BackupsController } from './instances/backups.controller.ts';
import { FilesController } from './instances/files.controller.ts';
import { InstancesController } from './instances/instances.controller.ts';
import { LogsController } from './instances/logs.controller.ts';
import { MetadataController } from './instances/metadata.controller.ts';
import { SessionsController } from './instances/sessions.controller.ts';
import { SnapshotsController } from './instances/snapshots.controller.ts';
import { StateController } from './instances/state.controller.ts';
import { NetworksController } from './networks/networks.controller.ts';
import { ImagesController } from './images/images.controller.ts';
import { AliasesController } from './images/aliases.controller.ts';
import { PoolsController } from './storage-pools/pools.controller.ts';
import { CustomVolumesController } from './storage-pools/custom-volumes.controller.ts';
import { VolumeSnapshotsController } from './storage-pools/volume-snapshots.controller.ts';
import { VolumeBackupsController } from './storage-pools/volume-backups.controller.ts';
import { VolumesController } from './storage-pools/volumes.controller.ts';
import { operationSockets } from './operations/operation-sockets.ts';
import { OperationsController } from './operations/operations.controller.ts';
import { SftpController } from './instances/sftp.controller.ts';
import { sftpConnections } from './instances/sftp-connections.ts';
import { ProfilesController } from './profiles/profiles.controller.ts';
import type { Upgrades } from './rim/upgrades.ts';
import { InternalController } from './server/internal.controller.ts';
import { ProjectsController } from './server/projects.controller.ts';
import { EmptyListsController } from './server/empty-lists.controller.ts';
import { ServerController } from './server/server.controller.ts';
import { WarningsController } from './warnings/warnings.controller.ts';
import { VirtualMachinesController } from './server/virtual-machines.controller.ts';

/** Every controller of the daemon, by name. */
export const allControllers: Type[] = [
  ServerController,
  ProjectsController,
  InternalController,
  EventsController,
  OperationsController,
  NetworksController,
  ProfilesController,
  InstancesController,
  StateController,
  SessionsController,
  LogsController,
  MetadataController,
  FilesController,
  SftpController,
  CustomVolumesController,
  VolumeSnapshotsController,
  VolumeBackupsController,
  VolumesController,
  PoolsController,
  AliasesController,
  ImagesController,
  VirtualMachinesController,
  WarningsController,
  EmptyListsController,
  BackupsController,
  SnapshotsController,
];

/** Those that endpoints without a controller speak of. */
export type UpgradedInstances = Parameters<typeof sftpConnections>[0];

/** Every endpoint of the daemon whose connections go over to another protocol. */
export function addUpgrades(upgrades: Upgrades, engine: Engine, instances: UpgradedInstances): void {
  upgrades.add('/1.0/events', 'trusted', new EventSockets(engine.events).accept);
  upgrades.add('/1.0/operations/:id/websocket', 'secret', operationSockets(engine));
  upgrades.addConnection('sftp', '/1.0/instances/:name/sftp', 'operate-instances', sftpConnections(instances));
}

@Module({})
export class AppModule {
  /** The module with the given providers, which house.ts builds. */
  static over(providers: Provider[], controllers = allControllers): DynamicModule {
    return { module: AppModule, controllers, providers };
  }
}
