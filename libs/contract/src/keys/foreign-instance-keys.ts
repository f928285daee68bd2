const virtualMachines = 'it is for virtual machines';
const guestApi = 'this server has no API for guests';
const noMigration = 'instances are not migrated while they run';
const noNvidia = "nothing here calls NVIDIA's container tools";
const noBpf = "guests may not use the host's BPF (bpf(2))";
const noSelinux = 'SELinux labels are not set by this server';
const noIntercept = 'no system call of a guest is carried out by the host for it';
const renamedSyscalls = 'its name is security.syscalls.deny* or security.syscalls.allow';
const noCredentials = "systemd's credentials are not passed; give the instance a file or a template";

/**
 * Keys of LXD and Incus that this version refuses because nothing would act on them, with why. `.*`: all with that
 * beginning, for which there is no row before.
 */
export const foreignInstanceKeys: Readonly<Record<string, string>> = {
  'agent.nic_config': virtualMachines,
  'boot.debug_edk2': virtualMachines,
  'boot.mode': virtualMachines,
  'cloud-init.ssh-keys.*': 'nothing merges it into cloud-init.user-data; write the keys there',
  'cluster.evacuate': 'this server is not part of a cluster',
  'limits.cpu.nodes': 'CPUs are not chosen by NUMA node; name them in limits.cpu',
  'limits.cpu.pin_strategy': virtualMachines,
  'limits.max_bus_ports': virtualMachines,
  'limits.memory.hotplug': virtualMachines,
  'limits.memory.hugepages': virtualMachines,
  'limits.memory.oom_priority': 'the score of each process is its own; see limits.memory',
  'limits.network.priority': 'the kernel clears the priority of a packet where it leaves a network namespace',
  'linux.kernel_modules.load': 'modules are loaded when the instance is started, never at the wish of a guest',
  'migration.incremental.memory': noMigration,
  'migration.incremental.memory.goal': noMigration,
  'migration.incremental.memory.iterations': noMigration,
  'migration.stateful': noMigration,
  'nvidia.driver.capabilities': noNvidia,
  'nvidia.require.cuda': noNvidia,
  'nvidia.require.driver': noNvidia,
  'nvidia.runtime': noNvidia,
  'oci.*': 'images of applications (OCI) are not supported',
  'placement.group': 'this server is not part of a cluster',
  'raw.apparmor': 'instances have no AppArmor profile: a user namespace and a system call filter confine them',
  'raw.lxc': 'liblxc is not used here; environment.*, limits.*, linux.sysctl.* and devices say what it would',
  'raw.qemu': virtualMachines,
  'raw.qemu.*': virtualMachines,
  'raw.seccomp': "liblxc's policies are not read; security.syscalls.* say what is denied",
  'security.agent.metrics': virtualMachines,
  'security.bpffs.*': noBpf,
  'security.csm': virtualMachines,
  'security.delegate_bpf': noBpf,
  'security.delegate_bpf.*': noBpf,
  'security.devlxd': guestApi,
  'security.devlxd.images': guestApi,
  'security.devlxd.management.volumes': guestApi,
  'security.guestapi': guestApi,
  'security.guestapi.images': guestApi,
  'security.iommu': virtualMachines,
  'security.secureboot': virtualMachines,
  'security.selinux.*': noSelinux,
  'security.sev': virtualMachines,
  'security.sev.*': virtualMachines,
  'security.syscalls.intercept.*': noIntercept,
  'security.syscalls.blacklist': renamedSyscalls,
  'security.syscalls.blacklist_compat': renamedSyscalls,
  'security.syscalls.blacklist_default': renamedSyscalls,
  'security.syscalls.whitelist': renamedSyscalls,
  'smbios11.*': virtualMachines,
  'snapshots.expiry.manual': 'snapshots.expiry is for all of them',
  'systemd.credential-binary.*': noCredentials,
  'systemd.credential.*': noCredentials,
  'ubuntu_pro.guest_attach': guestApi,
};

const beginnings = Object.entries(foreignInstanceKeys).flatMap(([key, reason]) =>
  key.endsWith('.*') ? [[key.slice(0, -1), reason] as const] : [],
);

/** Why a key that LXD or Incus has is refused; null for one that nobody has. */
export function foreignInstanceKeyReason(key: string): string | null {
  if (Object.hasOwn(foreignInstanceKeys, key) && !key.endsWith('.*')) return foreignInstanceKeys[key] ?? null;
  return beginnings.find(([beginning]) => key.startsWith(beginning) && key.length > beginning.length)?.[1] ?? null;
}
