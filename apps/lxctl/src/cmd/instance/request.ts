import type { DeviceMap, StringMap } from '#lib/base';
import type { WireInstancesPost } from '#lib/contract';
import { fromYaml } from '../../output/yaml.ts';
import { type Call, CommandError, type FlagValues, many, text, toggle, UsageError } from '../../run/verb.ts';
import { nameOrServer } from '../../run/name.ts';
import { imageSource } from './image-source.ts';

export const createFlags = {
  config: many('-c, --config <key=value>', 'Config key of the new instance (may be repeated)'),
  device: many('-d, --device <device,key=value>', 'Option of a device of the new instance (may be repeated)'),
  profile: many('-p, --profile <name>', 'Profile to apply (may be repeated)'),
  noProfiles: toggle('--no-profiles', 'Apply no profile'),
  ephemeral: toggle('-e, --ephemeral', 'Delete the instance when it stops'),
  network: text('-n, --network <name>', 'Network to attach'),
  storage: text('-s, --storage <pool>', 'Storage pool for the root disk'),
  empty: toggle('--empty', 'An instance with an empty root'),
  vm: toggle('--vm', 'Refused: virtual machines are not supported'),
  type: text('-t, --type <type>', 'Refused: instance types are not supported'),
};

export const createDetails =
  'IMAGE is an alias or a fingerprint of the local store, one of an image server (ubuntu, ubuntu:24.04, debian/12, images:alpine/edge;\nlxctl remote list), or build:RECIPE for one that the server makes itself. A YAML document (config, devices, profiles, description) on the standard input is taken as a base.';

type OverridesCall = Pick<Call, 'io' | 'client' | 'config'> & {
  flags: Pick<FlagValues<typeof createFlags>, 'config' | 'device' | 'profile' | 'noProfiles' | 'network' | 'storage'>;
};
type CreateCall = Pick<Call, 'io' | 'client' | 'config'> & { flags: FlagValues<typeof createFlags> };

/** From words, flags and standard input to the body of the request. */
export async function createRequest(call: CreateCall, words: readonly (string | undefined)[]): Promise<WireInstancesPost> {
  const { flags } = call;
  if (flags.vm) throw new CommandError('Virtual machines are not supported');
  if (flags.type)
    throw new CommandError('Instance types (-t) are not supported; give limits instead, e.g. -c limits.cpu=2 -c limits.memory=1GiB');
  const [image, name] = flags.empty ? [undefined, words[0]] : words;
  if (flags.empty && words[1] !== undefined) throw new UsageError('--empty goes without an image');
  if (!flags.empty && image === undefined) throw new UsageError('missing argument: an image (or --empty)');

  const base = await piped(call);
  const body: WireInstancesPost = {
    name: nameOrServer(name) ?? '',
    type: 'container',
    ...base,
    source: image === undefined ? { type: 'none' } : await imageSource(call, image),
    config: { ...base.config, ...pairs(flags.config) },
    devices: { ...base.devices },
    ephemeral: flags.ephemeral || (base.ephemeral ?? false),
  };
  return withFlags(call, body);
}

/** What the flags change of a copy. `inherited`: the profiles of its source. */
export async function overrides(call: OverridesCall, inheritedProfiles: readonly string[]): Promise<Omit<WireInstancesPost, 'source'>> {
  const { flags } = call;
  const body: Omit<WireInstancesPost, 'source'> = { config: pairs(flags.config), profiles: [...inheritedProfiles] };
  return withFlags(call, body);
}

/** The flags for profiles and devices. */
async function withFlags<B extends Omit<WireInstancesPost, 'source'>>(call: OverridesCall, body: B): Promise<B> {
  const { noProfiles, profile } = call.flags;
  if (noProfiles) body.profiles = [];
  else if (profile.length > 0) body.profiles = profile;
  await addDevices(call, body);
  return body;
}

async function piped({ io }: CreateCall): Promise<Omit<WireInstancesPost, 'source'>> {
  // A socket or /dev/null is how other programs call us; only a file or a pipe was meant for us.
  if (io.input !== 'file' && io.input !== 'pipe') return {};
  const text = await io.readAll();
  const value = text.trim() === '' ? {} : await fromYaml(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new CommandError('The document on the standard input is not a map of fields');
  const { config, devices, profiles, description, ephemeral } = value as Omit<WireInstancesPost, 'source'>;
  const texts = (map: StringMap | undefined) => Object.fromEntries(Object.entries(map ?? {}).map(([key, given]) => [key, String(given)]));
  const base: Omit<WireInstancesPost, 'source'> = { config: texts(config) };
  if (devices) base.devices = Object.fromEntries(Object.entries(devices).map(([device, options]) => [device, texts(options)]));
  if (profiles) base.profiles = profiles;
  if (description !== undefined) base.description = description;
  if (ephemeral !== undefined) base.ephemeral = ephemeral;
  return base;
}

function pairs(words: readonly string[]): StringMap {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at <= 0) throw new UsageError(`"${word}" is not of the form key=value (-c)`);
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}

/** -n, -s and -d; the last one changes what the profiles bring, so those are asked for. */
async function addDevices(call: OverridesCall, body: Omit<WireInstancesPost, 'source'>): Promise<void> {
  const { flags, client } = call;
  const devices: DeviceMap = body.devices ?? {};
  if (flags.network) {
    const network = await client.networks.get(flags.network);
    devices.eth0 = network.managed
      ? { type: 'nic', name: 'eth0', network: network.name }
      : { type: 'nic', name: 'eth0', nictype: network.type === 'bridge' ? 'bridged' : 'macvlan', parent: network.name };
  }
  if (flags.storage) {
    await client.pools.get(flags.storage);
    devices.root = { ...devices.root, type: 'disk', path: '/', pool: flags.storage };
  }
  for (const word of flags.device) {
    const match = /^([^,=]+),([^=]+)=(.*)$/s.exec(word);
    if (!match) throw new UsageError(`"${word}" is not of the form device,key=value (-d)`);
    const [, device = '', key = '', value = ''] = match;
    devices[device] ??= await inherited(call, body.profiles ?? ['default'], device);
    devices[device] = { ...devices[device], [key]: value };
  }
  body.devices = devices;
}

async function inherited({ client }: OverridesCall, profiles: readonly string[], device: string): Promise<StringMap> {
  let found: StringMap = {};
  for (const name of profiles) found = (await client.profiles.get(name)).devices[device] ?? found;
  return found;
}
