/**
 * Flags that LXD's command has and this one does not, by the verb, with what is missing; '' is for all verbs. They are refused in these
 * words. A flag that comes takes its line from here.
 */
export const absentFlags: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {
    target: 'clusters',
    'destination-target': 'clusters',
    'target-project': 'projects other than "default"',
    'all-projects': 'projects other than "default"',
    mode: 'copies between servers',
    vm: 'virtual machines',
  },
  copy: { 'allow-inconsistent': 'copies that are not of one moment' },
  export: { 'optimized-storage': "backups in a storage driver's own format" },
  manpage: { format: 'its manual in other formats' },
  move: {
    'allow-inconsistent': 'copies that are not of one moment',
    config: 'changes of the configuration in a move',
    device: 'changes of devices in a move',
    profile: 'changes of profiles in a move',
    'no-profiles': 'changes of profiles in a move',
    'instance-only': 'moves without snapshots',
    stateless: 'saved memory of instances',
  },
  stop: { stateful: 'saved memory of instances' },
  'image copy': { 'copy-aliases': 'the aliases that other servers have' },
  'remote add': {
    'accept-certificate': 'remotes other than image servers',
    'auth-type': 'remotes other than image servers',
    domain: 'remotes other than image servers',
    password: 'remotes other than image servers',
    project: 'remotes other than image servers',
  },
  'storage volume export': { 'optimized-storage': "backups in a storage driver's own format" },
  'storage volume copy': { refresh: 'refreshed copies of volumes' },
};

/** What is missing for a flag, written with its dashes; undefined where LXD does not know it either. */
export function lackOfFlag(verb: string, flag: string): string | undefined {
  const name = flag.replace(/^--/, '').replace(/=.*$/, '');
  const tables = [absentFlags[verb], absentFlags['']];
  return tables.find((table) => table && Object.hasOwn(table, name))?.[name];
}
