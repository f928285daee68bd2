/** How much it hurts. */
export type WarningSeverity = 'low' | 'moderate' | 'high';

interface WarningType {
  /** What clients show: LXD's text, where LXD has the type. */
  text: string;
  severity: WarningSeverity;
}

/** What the server warns of, by the name that is stored. */
export const warningTypes = {
  'cgroup.cpu': { text: "Couldn't find the CGroup CPU controller", severity: 'low' },
  'cgroup.cpuset': { text: "Couldn't find the CGroup CPUset controller", severity: 'low' },
  'cgroup.hugetlb': { text: "Couldn't find the CGroup hugetlb controller", severity: 'low' },
  'cgroup.io': { text: "Couldn't find the CGroup blkio", severity: 'low' },
  'cgroup.memory': { text: "Couldn't find the CGroup memory controller", severity: 'low' },
  'cgroup.pids': { text: "Couldn't find the CGroup pids controller", severity: 'low' },
  'cgroup.freezer': { text: "Couldn't find the CGroup freezer controller", severity: 'low' },
  'network.unavailable': { text: 'Network unavailable', severity: 'high' },
  'pool.unavailable': { text: 'Storage pool unavailable', severity: 'high' },
  'instance.autostart': { text: 'Failed to autostart instance', severity: 'low' },
  'instance.autorestart': { text: 'Instance ended too often to be started again', severity: 'moderate' },
  'instance.ids_shared': { text: 'Instance shares its ids with others', severity: 'moderate' },
} as const satisfies Record<string, WarningType>;

export type WarningName = keyof typeof warningTypes;

export type WarningStatus = 'new' | 'acknowledged' | 'resolved';
