import type { ClientName } from './commands.ts';

/** What this server refuses: all commands that begin with one of `commands`, seen by `probe`. */
export interface Refusal {
  clients: readonly ClientName[];
  commands: readonly string[];
  probe: string;
  /** The standard error, or the standard output where that is empty. */
  says: RegExp;
  why: string;
  stdin: string;
}

const refusal =
  (...clients: ClientName[]) =>
  (commands: string, probe: string, says: RegExp, why: string, stdin = ''): Refusal => ({
    clients,
    commands: commands.split(', '),
    probe,
    says,
    why,
    stdin,
  });
const both = refusal('lxc', 'incus');
const lxc = refusal('lxc');
const incus = refusal('incus');

const missing = (extension: string) => new RegExp(`^Error: The server is missing the required "${extension}" API extension$`);
const alone = 'This server listens on its unix socket only: there is no certificate to trust.';
const oneProject = 'There is one project, "default".';

export const refusals: readonly Refusal[] = [
  both('cluster', 'cluster list', missing('clustering'), 'This server is no member of a cluster.'),
  lxc('config trust add', 'config trust add {pushed}', /^Error: /, alone),
  both('config trust show, config trust edit', 'config trust show 00', /^Error: Certificate not found$/, alone),
  both('config trust remove', 'config trust remove 00', /^Error: Certificate not found$/, alone),
  both('config trust revoke-token', 'config trust revoke-token x', /^Error: /, alone),
  incus('config trust add-certificate', 'config trust add-certificate {pushed}', /^Error: /, alone),
  incus('config trust add', 'config trust add x', missing('certificate_token'), alone),
  both('network acl', 'network acl create x', missing('network_acl'), 'Networks have no ACLs.'),
  both(
    'network forward',
    'network forward create lxctlbr0 10.0.0.1',
    missing('network_forward'),
    'Networks have no forwards; `proxy` devices have.',
  ),
  both('network peer', 'network peer create lxctlbr0 x y/z', missing('network_peer'), 'Peers are of OVN networks.'),
  both('network zone', 'network zone create x.y', missing('network_dns'), 'There is no server of DNS zones.'),
  both('project create', 'project create other', /^Error: not implemented: projects other than "default"$/, oneProject),
  both(
    'project set, project unset, project edit',
    'project set default user.a=1',
    /^Error: not implemented: changes of projects$/,
    oneProject,
  ),
  both('project rename, project delete', 'project rename default x', /^Error: The 'default' project cannot be renamed$/, oneProject),
  incus('storage bucket', 'storage bucket create default b', missing('storage_buckets'), 'There is no S3 server.'),
  incus('network integration', 'network integration create x ovn', missing('network_integrations'), 'Integrations are of OVN networks.'),
  incus(
    'network load-balancer',
    'network load-balancer create lxctlbr0 10.0.0.1',
    missing('network_load_balancer'),
    'Load balancers are of OVN networks.',
  ),
  incus('network list-allocations', 'network list-allocations', missing('network_allocations'), 'Not announced.'),
  incus('debug dump-memory', 'debug dump-memory w {x}', /not found$/, 'It is for virtual machines.'),
  incus(
    'admin cluster',
    'admin cluster',
    /^The "cluster" subcommand requires access to internal server data/,
    'This server is no member of a cluster.',
  ),
  incus(
    'admin recover',
    'admin recover',
    /not implemented: the recovery of instances/,
    'Backups bring instances back: `incus import`.',
    '\n\n',
  ),
  incus('top', 'top', missing('metrics'), 'There are no metrics.'),
  incus('webui', 'webui', /^Error: The server doesn't have a web UI installed$/, 'There is no web interface.'),
  incus('admin sql', 'admin sql local .dump', /not found$/, 'The state is in Postgres: use psql.'),
];

/** Of one command: the spec that shows it, the words there that do, and what it works with alone. */
export type Elsewhere = readonly [spec: string, words: string, limit?: string];
const server = 'e2e/clients/lxc-server.e2e-spec.ts';
const incusServer = 'e2e/clients/incus-server.e2e-spec.ts';
const imageServers = 'e2e/clients/image-servers.e2e-spec.ts';
const byRelay = 'from image servers (simplestreams), and with `--mode=relay`: servers do not send images to each other';

/** Commands that do not end by themselves or need what the walk has no place for. */
export const elsewhere: Readonly<Record<ClientName, Readonly<Record<string, Elsewhere>>>> = {
  lxc: {
    'file edit': ['e2e/clients/lxc-files.e2e-spec.ts', "'file edit f/"],
    'file mount': ['e2e/clients/lxc-files.e2e-spec.ts', "'file mount f"],
    'image copy': ['e2e/clients/lxc-images.e2e-spec.ts', 'copyByRelay(lxc)', byRelay],
    'image refresh': [imageServers, "'image', 'refresh'"],
    monitor: [server, 'monitor('],
    'operation delete': [server, "'operation', 'delete'"],
    'warning acknowledge': [server, "'warning', 'ack'"],
    'warning delete': [server, "'warning', 'delete'"],
    'warning show': [server, "'warning', 'show'"],
  },
  incus: {
    'admin shutdown': [incusServer, "'admin', 'shutdown'"],
    'file mount': ['e2e/clients/lxc-files.e2e-spec.ts', "mounts(incus, 'm')"],
    'image copy': [incusServer, 'copyByRelay(incus)', byRelay],
    'image refresh': [imageServers, "incus.ok('image', 'refresh'"],
    monitor: [incusServer, 'monitor(incus'],
    'operation delete': [incusServer, "'operation', 'delete'"],
    'remote generate-certificate': [incusServer, "'remote', 'generate-certificate'"],
    'remote proxy': [incusServer, "'remote', 'proxy'"],
    'warning acknowledge': [incusServer, "'warning', 'acknowledge'"],
    'warning delete': [incusServer, "'warning', 'delete'"],
    'warning show': [incusServer, "'warning', 'show'"],
  },
};
