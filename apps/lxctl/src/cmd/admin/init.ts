import { fromYaml } from '../../output/yaml.ts';
import { print, printYaml } from '../../output/print.ts';
import { CommandError, defineVerb, toggle, UsageError } from '../../run/verb.ts';
import { applyPreseed, type Preseed } from './preseed.ts';
import { defaults } from './defaults.ts';

export const verb = defineVerb({
  args: '',
  details: [
    'A new daemon makes a pool, a network and a default profile by itself. This command adds what of them is missing, or',
    'brings the server to what a document on the standard input says (config, networks, storage_pools, profiles).',
  ].join('\n'),
  examples: ['lxctl admin init --auto', 'lxctl admin init --preseed < preseed.yaml'],
  flags: {
    auto: toggle('--auto', 'Add what is missing, ask nothing (this is also what happens without a flag)'),
    preseed: toggle('--preseed', 'Read the wanted state as YAML from the standard input'),
    dump: toggle('--dump', 'Show the present state as such a document'),
  },
  async run({ flags, client, io, config }) {
    if ([flags.auto, flags.preseed, flags.dump].filter(Boolean).length > 1)
      throw new UsageError('--auto, --preseed and --dump exclude each other');
    if (flags.dump) return printYaml(io, await dump(client));
    const wanted = flags.preseed ? await read(await io.readAll()) : await defaults(client);
    const done = await applyPreseed(client, wanted);
    if (!config.quiet) print(io, done.length > 0 ? done.join('\n') : 'Nothing to do: the server is set up');
  },
});

async function read(text: string): Promise<Preseed> {
  const value = await fromYaml(text).catch((error: unknown) => {
    throw new CommandError(`The document on the standard input is not YAML: ${String(error)}`);
  });
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CommandError('The document on the standard input is not a map of fields');
  const known = ['config', 'networks', 'storage_pools', 'profiles'];
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new CommandError(`The document has what this version cannot set up: ${unknown.join(', ')} (known: ${known.join(', ')})`);
  return value;
}

async function dump(client: Parameters<typeof applyPreseed>[0]): Promise<Preseed> {
  const [server, networks, pools, profiles] = await Promise.all([
    client.server.get(),
    client.networks.list(),
    client.pools.list(),
    client.profiles.list(),
  ]);
  return {
    config: server.config,
    networks: networks.filter(({ managed }) => managed).map(({ name, type, description, config }) => ({ name, type, description, config })),
    storage_pools: pools.map(({ name, driver, description, config }) => ({ name, driver, description, config })),
    profiles: profiles.map(({ name, description, config, devices }) => ({ name, description, config, devices })),
  };
}
