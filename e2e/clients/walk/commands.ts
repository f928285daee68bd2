/** The commands of the stock clients by the words before them: those that their help lists with `--all`. */

export type ClientName = 'lxc' | 'incus';

type Words = Readonly<Record<string, string>>;

const common: Words = {
  alias: 'add list remove rename',
  cluster: 'add edit enable evacuate get list list-tokens remove rename restore revoke-token set show unset update-certificate',
  'cluster group': 'assign create delete edit list remove rename show',
  'cluster role': 'add remove',
  config: 'edit get set show unset',
  'config device': 'add get list override remove set show unset',
  'config metadata': 'edit show',
  'config template': 'create delete edit list show',
  'config trust': 'add edit list list-tokens remove revoke-token show',
  file: 'delete edit mount pull push',
  image: 'copy delete edit export get-property import info list refresh set-property show unset-property',
  'image alias': 'create delete list rename',
  network: 'attach attach-profile create delete detach detach-profile edit get info list list-leases rename set show unset',
  'network acl': 'create delete edit get list rename set show show-log unset',
  'network acl rule': 'add remove',
  'network forward': 'create delete edit get list set show unset',
  'network forward port': 'add remove',
  'network peer': 'create delete edit get list set show unset',
  'network zone': 'create delete edit get list set show unset',
  'network zone record': 'create delete edit get list set show unset',
  'network zone record entry': 'add remove',
  operation: 'delete list show',
  profile: 'add assign copy create delete edit get list remove rename set show unset',
  'profile device': 'add get list remove set show unset',
  project: 'create delete edit get info list rename set show switch unset',
  remote: 'add get-default list remove rename set-url switch',
  storage: 'create delete edit get info list set show unset',
  'storage volume':
    'attach attach-profile copy create delete detach detach-profile edit export get import info list move rename set show unset',
  warning: 'acknowledge delete list show',
};

const every =
  'console copy delete exec export import info init launch list manpage monitor move pause publish query rename restart start stop version';

/** Of LXD 5.0.2. */
const ofLxc: Words = {
  '': `${every} restore snapshot`,
  ...common,
  'storage volume': `${common['storage volume']} restore snapshot`,
};

/** Of Incus 6.0. */
const ofIncus: Words = {
  '': `${every.replace(' init ', ' create ')} rebuild resume top webui`,
  ...common,
  admin: 'init recover shutdown sql waitready',
  'admin cluster': '',
  cluster: `${common.cluster} info`,
  'cluster group': `${common['cluster group']} add`,
  'config trust': `${common['config trust']} add-certificate`,
  debug: 'dump-memory',
  file: `${common.file} create`,
  network: `${common.network} list-allocations`,
  'network integration': 'create delete edit get list rename set show unset',
  'network load-balancer': 'create delete edit get info list set show unset',
  'network load-balancer backend': 'add remove',
  'network load-balancer port': 'add remove',
  project: `${common.project} get-current`,
  remote: `${common.remote} generate-certificate proxy`,
  snapshot: 'create delete list rename restore show',
  'storage bucket': 'create delete edit export get import list set show unset',
  'storage bucket key': 'create delete edit list show',
  'storage volume snapshot': 'create delete list rename restore show',
};

const words: Readonly<Record<ClientName, Words>> = { lxc: ofLxc, incus: ofIncus };

/** Of one client: the words that stand before others, and the names that follow them, groups too, as its help lists them. */
export function groupsOf(client: ClientName): [before: string[], names: string[]][] {
  const groups = Object.keys(words[client]);
  const wordsIn = (group: string) => group.split(' ').filter(Boolean);
  return groups
    .filter((group) => group !== 'admin cluster')
    .map((group) => {
      const before = wordsIn(group);
      const below = groups
        .map(wordsIn)
        .filter((each) => each.length === before.length + 1 && before.every((word, at) => each[at] === word));
      const names = [...wordsIn(words[client][group] ?? ''), ...below.map((each) => each.at(-1) ?? '')];
      return [before, [...new Set(names)].sort()];
    });
}

export function commandsOf(client: ClientName): string[] {
  return Object.entries(words[client])
    .flatMap(([before, names]) => (names === '' ? [before] : names.split(' ').map((name) => `${before} ${name}`.trim())))
    .sort();
}

/** The command that a line of words calls: the longest that it begins with; '' when there is none. */
export function commandOf(client: ClientName, line: string): string {
  const called = commandsOf(client).filter((command) => line === command || line.startsWith(`${command} `));
  return called.sort((a, b) => b.length - a.length)[0] ?? '';
}
