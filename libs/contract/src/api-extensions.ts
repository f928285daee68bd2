/**
 * What `GET /1.0` announces. Clients offer a feature only when its name is here, so a name comes in together with the
 * feature and never before (`lxc` refuses with a clear text what is missing). The value says what it stands for.
 */
export const apiExtensions = {
  etag: 'ETag and If-Match on every object that can be changed.',
  patch: 'PATCH beside PUT.',
  instances: 'The endpoint /1.0/instances; /1.0/containers shows the same.',
  container_full: 'recursion=2 on the list of instances.',
  instance_get_full: 'recursion=1 on one instance.',
  api_filtering: 'filter= on lists.',
  instance_all_projects: 'all-projects= on the list of instances.',
  projects: 'The project `default`, to be read.',
  profile_usedby: 'used_by on profiles.',
  usedby_consistency: 'used_by has the same form everywhere.',
  event_lifecycle: 'Events of type lifecycle.',
  event_location: 'location on events.',
  event_project: 'project on events.',
  event_lifecycle_requestor_address: 'The address of the requestor on lifecycle events.',
  operation_description: 'description on operations.',
  console: 'Attach to the console of an instance, read and clear its log.',
  container_exec_signal_handling: 'Signals over the control socket of exec.',
  container_exec_user_group_cwd: 'user, group and cwd of exec.',
  instance_nic_network: 'network= on nic devices.',
  container_last_used_at: 'last_used_at on instances.',
  container_cpu_time: 'CPU time in the state of instances.',
  container_protection_delete: 'security.protection.delete.',
  linux_sysctl: 'linux.sysctl.* on instances.',
  api_os: 'os_name and os_version in the environment.',
  firewall_driver: 'firewall in the environment.',
  kernel_limits: 'limits.kernel.* on instances.',
  image_types: 'type on images.',
  images_expiry: 'expires_at on images.',
  entity_description: 'description on networks, pools and volumes.',
  network: 'Managed bridges.',
  network_state: 'State of networks.',
  network_leases: 'Leases of networks.',
  network_hwaddr: 'bridge.hwaddr on networks.',
  storage: 'Storage pools and volumes.',
  server_supported_storage_drivers: 'Storage drivers this host can use, in the environment.',
} as const;

export type ApiExtension = keyof typeof apiExtensions;
