/**
 * Words that LXD's command knows and this one does not, by the words before them, with what is missing. They are refused
 * in these words: a guess at another verb would be worse than nothing.
 */
const missing: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {
    alias: 'command aliases',
    auth: 'the authorisation of users',
    cluster: 'clusters',
    copy: 'copies of instances',
    cp: 'copies of instances',
    export: 'backups',
    file: 'file transfer',
    import: 'backups',
    manpage: 'manual pages',
    move: 'moves of instances',
    mv: 'moves of instances',
    project: 'projects other than "default"',
    publish: 'images made of instances',
    remote: 'remote servers',
    restore: 'snapshots',
    snapshot: 'snapshots',
    warning: 'warnings',
  },
  config: {
    metadata: 'the metadata of instances',
    template: 'the templates of instances',
    trust: 'the API over HTTPS and its trusted clients',
    uefi: 'virtual machines',
  },
  'config device': { override: "the override of a profile's device (add a device of the same name instead)" },
  image: {
    copy: 'copies of images between servers',
    cp: 'copies of images between servers',
    edit: 'changes of an image',
    'get-property': 'changes of an image',
    refresh: 'image servers',
    'set-property': 'changes of an image',
    'unset-property': 'changes of an image',
  },
  network: {
    acl: 'access lists of networks',
    attach: 'the short way to attach a network (use config device add)',
    'attach-profile': 'the short way to attach a network (use profile device add)',
    detach: 'the short way to detach a network (use config device remove)',
    'detach-profile': 'the short way to detach a network (use profile device remove)',
    forward: 'forwards of networks',
    'load-balancer': 'load balancers',
    peer: 'peers of networks',
    zone: 'DNS zones',
  },
  storage: { bucket: 'storage buckets' },
  'storage volume': Object.fromEntries(
    [
      ...['attach', 'attach-profile', 'copy', 'cp', 'create', 'delete', 'detach', 'detach-profile', 'edit', 'export', 'get'],
      ...['import', 'info', 'move', 'mv', 'rename', 'restore', 'rm', 'set', 'show', 'snapshot', 'unset'],
    ].map((word) => [word, 'custom volumes']),
  ),
  admin: {
    activateifneeded: 'activation by socket',
    cluster: 'clusters',
    import: 'the recovery of instances from a pool',
    recover: 'the recovery of instances from a pool',
    sql: 'queries of its database (psql can ask it)',
  },
};

/** What this version lacks for the word; null for a word that nobody knows. */
export function lackFor(path: readonly string[], word: string): string | null {
  const words = missing[path.join(' ')];
  return words && Object.hasOwn(words, word) ? (words[word] ?? null) : null;
}
