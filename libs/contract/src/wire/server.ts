import type { StringMap } from '#lib/base';

/** `GET /1.0` for a caller that is not trusted. */
export interface WireServerUntrusted {
  api_extensions: string[];
  api_status: 'stable' | string;
  api_version: '1.0' | string;
  auth: 'trusted' | 'untrusted';
  public: boolean;
  auth_methods: string[];
}

/** `GET /1.0` for a trusted caller. */
export interface WireServer extends WireServerUntrusted {
  config: StringMap;
  environment: WireServerEnvironment;
}

/** Body of PUT and PATCH on `/1.0`. */
export interface WireServerPut {
  config: StringMap;
}

export interface WireServerEnvironment {
  addresses: string[];
  architectures: string[];
  certificate: string;
  certificate_fingerprint: string;
  driver: string;
  driver_version: string;
  firewall: string;
  kernel: string;
  kernel_architecture: string;
  kernel_features: StringMap;
  kernel_version: string;
  lxc_features: StringMap;
  os_name: string;
  os_version: string;
  project: string;
  /** `lxctl`; `lxd` and `incus` from the others. */
  server: string;
  server_clustered: boolean;
  server_event_mode: string;
  server_name: string;
  server_pid: number;
  server_version: string;
  storage: string;
  storage_version: string;
  storage_supported_drivers: WireStorageDriver[];
}

/** Capital letters are LXD's. */
export interface WireStorageDriver {
  Name: string;
  Version: string;
  Remote: boolean;
}

/** What a project uses, by kind, and how much it may; -1: any amount. Field names as LXD has them on the wire. */
export interface WireProjectState {
  resources: Record<
    'containers' | 'cpu' | 'disk' | 'instances' | 'memory' | 'networks' | 'processes' | 'virtual-machines',
    { Limit: number; Usage: number }
  >;
}
