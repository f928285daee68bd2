import { lastName, type LxctlClient } from '#lib/client';
import { segment } from '#lib/contract';

/** A word that may stand there, and what it is. */
export interface Candidate {
  word: string;
  about?: string;
}

/** What the names of things are asked with: the words before, of which some say of what (`<pool> <volume>`). */
export interface Asked {
  client: LxctlClient;
  /** The current word, as far as it is written. */
  current: string;
  args: readonly string[];
}

type Source = (asked: Asked) => Promise<readonly string[]>;

/** The last segments of the URLs of a list. */
async function listed(client: LxctlClient, path: string): Promise<string[]> {
  return (await client.api.get<string[]>(path)).map(lastName);
}

const at = (path: string, ...names: string[]) => `${path}/${names.map(segment).join('/')}`;
const first = ({ args }: Asked) => (args[0] ?? '').replace(/^local:/, '');

const instances: Source = ({ client }) => listed(client, '/1.0/instances');
const pools: Source = ({ client }) => listed(client, '/1.0/storage-pools');
const snapshotsOf = (client: LxctlClient, instance: string) => listed(client, `${at('/1.0/instances', instance)}/snapshots`);
/** Of a pool: its custom volumes, and their snapshots as `volume/snapshot`. */
async function volumesOf(client: LxctlClient, pool: string, snapshots = false): Promise<string[]> {
  const path = `${at('/1.0/storage-pools', pool)}/volumes/custom`;
  const found = (await client.api.get<string[]>(path)).map((url) =>
    (url.split('?')[0] ?? '')
      .slice(path.length + 1)
      .split('/snapshots/')
      .map(decodeURIComponent),
  );
  return found.filter((names) => snapshots || names.length === 1).map((names) => names.join('/'));
}

/** Names behind a slash are asked for once it is written. */
async function nested(current: string, outer: () => Promise<readonly string[]>, inner: (name: string) => Promise<readonly string[]>) {
  const slash = current.indexOf('/');
  if (slash < 0) return outer();
  const name = current.slice(0, slash);
  return (await inner(name)).map((each) => `${name}/${each}`);
}

/** Where names come from, by the word of the usage. */
export const sources: Readonly<Record<string, Source>> = {
  instance: instances,
  'instance/snapshot': (asked) =>
    nested(
      asked.current,
      () => instances(asked),
      (name) => snapshotsOf(asked.client, name),
    ),
  snapshot: (asked) => snapshotsOf(asked.client, first(asked)),
  image: async ({ client }) => {
    const [aliases, images] = await Promise.all([listed(client, '/1.0/images/aliases'), listed(client, '/1.0/images')]);
    return [...aliases, ...images.map((fingerprint) => fingerprint.slice(0, 12))];
  },
  alias: async ({ client }) => {
    const urls = await client.api.get<string[]>('/1.0/images/aliases');
    return urls.map((url) => decodeURIComponent((url.split('?')[0] ?? '').replace('/1.0/images/aliases/', '')));
  },
  property: async (asked) => {
    const fingerprint = await asked.client.images.find(first(asked));
    return fingerprint === null ? [] : Object.keys((await asked.client.images.get(fingerprint)).properties);
  },
  profile: ({ client }) => listed(client, '/1.0/profiles'),
  network: ({ client }) => listed(client, '/1.0/networks'),
  project: ({ client }) => listed(client, '/1.0/projects'),
  operation: async ({ client }) => {
    const byStatus = await client.api.get<Record<string, string[]>>('/1.0/operations');
    return Object.values(byStatus).flat().map(lastName);
  },
  pool: pools,
  volume: (asked) => volumesOf(asked.client, first(asked)),
  'volume/snapshot': (asked) => volumesOf(asked.client, first(asked), true),
  'snapshot of a volume': async (asked) => {
    const [, volume = ''] = asked.args;
    return listed(asked.client, `${at('/1.0/storage-pools', first(asked))}/${at('volumes/custom', volume)}/snapshots`);
  },
  'pool/volume': (asked) =>
    nested(
      asked.current,
      async () => (await pools(asked)).map((name) => `${name}/`),
      (pool) => volumesOf(asked.client, pool),
    ),
  'pool/volume/snapshot': (asked) =>
    nested(
      asked.current,
      async () => (await pools(asked)).map((name) => `${name}/`),
      (pool) => volumesOf(asked.client, pool, true),
    ),
  template: (asked) => asked.client.api.get<string[]>(`${at('/1.0/instances', first(asked))}/metadata/templates`),
  'device of an instance': async (asked) => Object.keys(await devicesOf(asked, '/1.0/instances', 'devices')),
  'device of its profiles': async (asked) => Object.keys(await devicesOf(asked, '/1.0/instances', 'expanded_devices')),
  'device of a profile': async (asked) => Object.keys(await devicesOf(asked, '/1.0/profiles', 'devices')),
};

async function devicesOf(asked: Asked, path: string, field: 'devices' | 'expanded_devices'): Promise<Record<string, unknown>> {
  const owner = await asked.client.api.get<Record<typeof field, Record<string, unknown>>>(at(path, first(asked)));
  return owner[field];
}

/** Keys that the thing has now. */
export async function keysSet({ client, args }: Asked, group: string): Promise<string[]> {
  const paths: Record<string, (names: readonly string[]) => string> = {
    config: ([name = '']) => (name ? at('/1.0/instances', name) : '/1.0'),
    profile: ([name = '']) => at('/1.0/profiles', name),
    network: ([name = '']) => at('/1.0/networks', name),
    storage: ([name = '']) => at('/1.0/storage-pools', name),
    'storage volume': ([pool = '', name = '']) => `${at('/1.0/storage-pools', pool)}/volumes/${at('custom', name)}`,
  };
  const path = paths[group]?.(args);
  if (path === undefined) return [];
  const { config } = await client.api.get<{ config?: Record<string, string> }>(path);
  return Object.keys(config ?? {});
}
