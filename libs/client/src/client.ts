import type { WireOperation } from '#lib/contract';
import { Api } from './api.ts';
import { EventsClient } from './resource/events.ts';
import { FilesClient } from './resource/files.ts';
import { ImagesClient } from './resource/images.ts';
import { InstancesClient } from './resource/instances.ts';
import { NetworksClient } from './resource/networks.ts';
import { OperationsClient } from './resource/operations.ts';
import { PoolsClient } from './resource/pools.ts';
import { ProfilesClient } from './resource/profiles.ts';
import { ServerClient } from './resource/server.ts';
import { WarningsClient } from './resource/warnings.ts';
import { runSession, type Session, type SessionStreams } from './session.ts';
import type { Transport } from './transport.ts';

/** One server, one project. `new LxctlClient(new UnixTransport(socketPath(process.env)))` */
export class LxctlClient {
  readonly api: Api;
  readonly server: ServerClient;
  readonly instances: InstancesClient;
  readonly files: FilesClient;
  readonly images: ImagesClient;
  readonly profiles: ProfilesClient;
  readonly networks: NetworksClient;
  readonly pools: PoolsClient;
  readonly operations: OperationsClient;
  readonly events: EventsClient;
  readonly warnings: WarningsClient;

  constructor(transport: Transport, options: { project?: string } = {}) {
    this.api = new Api(transport, options.project);
    this.server = new ServerClient(this.api);
    this.instances = new InstancesClient(this.api);
    this.files = new FilesClient(this.api);
    this.images = new ImagesClient(this.api);
    this.profiles = new ProfilesClient(this.api);
    this.networks = new NetworksClient(this.api);
    this.pools = new PoolsClient(this.api);
    this.operations = new OperationsClient(this.api);
    this.events = new EventsClient(this.api);
    this.warnings = new WarningsClient(this.api);
  }

  /** Takes up an exec or console operation. */
  session(operation: WireOperation, streams: SessionStreams): Promise<Session> {
    return runSession(this.api, this.operations, operation, streams);
  }
}
