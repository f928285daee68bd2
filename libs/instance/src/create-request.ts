import { randomBytes, randomUUID } from 'node:crypto';
import type { DeviceMap, StringMap } from '#lib/base';
import { instanceConfigProblems, LxError, problemsOf, refuse } from '#lib/contract';
import { deviceProblems, expandedDeviceProblems, nics } from '#lib/device';
import type { ImageRow } from '#lib/store';
import type { InstanceDeps } from './deps.ts';
import { expand } from './expand.ts';
import { generatedName, nameProblems } from './name.ts';
import type { CreateParams } from './operations/create.ts';
import { rootVolume } from './running.ts';

export interface CreateRequest {
  name: string;
  description: string;
  architecture: string;
  config: StringMap;
  devices: DeviceMap;
  /** null: the profile `default` (or the image's own). */
  profiles: string[] | null;
  ephemeral: boolean;
  type: string;
  source: { type: string; alias?: string; fingerprint?: string };
  start: boolean;
}

/** Checks a request as a whole, naming every problem at once, and makes the operation's parameters of it. */
export async function prepareCreate(deps: InstanceDeps, project: string, request: CreateRequest): Promise<CreateParams> {
  const problems = ownProblems(request);
  const { image, profileNames, profiles, taken } = await lookUp(deps, project, request, problems.length === 0);
  for (const architecture of [image?.architecture, request.architecture])
    if (architecture && architecture !== deps.host.architecture)
      problems.push(`Requested architecture isn't supported by this host: ${architecture}`);
  problems.push(...missingProfiles(profileNames, profiles));
  const expanded = expand(profiles, request);
  if (problems.length === 0) problems.push(...(await wholeProblems(deps, project, expanded.devices)));
  refuse(problems);

  if (taken) throw new LxError('instance.exists', { name: request.name });
  const name = request.name || (await freeName(deps, project));
  const id = randomUUID();
  return {
    id,
    project,
    name,
    architecture: deps.host.architecture,
    description: request.description,
    ephemeral: request.ephemeral,
    ...splitConfig(request.config, image),
    volatile: firstVolatile(id, image, expanded.devices),
    devices: request.devices,
    profiles: profileNames,
    createdAt: deps.now().toISOString(),
    volume: { ...rootVolume({ project, name }, expanded.devices) },
    image: image?.fingerprint ?? null,
    start: request.start,
  };
}

/** What the store knows of it, asked at once; the image only for a request that is `sound` in itself. */
async function lookUp(deps: InstanceDeps, project: string, { name, profiles, source }: CreateRequest, sound: boolean) {
  const [image, asked, taken] = await Promise.all([
    sound && source.type === 'image' ? deps.images.resolve(project, source) : null,
    deps.store.profiles.many(project, profiles ?? ['default']),
    name ? deps.store.instances.get(project, name) : null,
  ]);
  const profileNames = profiles ?? profilesOf(image);
  const known = profiles || !image?.profiles.length ? asked : await deps.store.profiles.many(project, profileNames);
  return { image, profileNames, profiles: known, taken };
}

/** What can be said of a request by itself. */
function ownProblems({ type, name, config, devices, source }: CreateRequest): string[] {
  const named = source.alias || source.fingerprint;
  return [
    ...problemsOf([[type && type !== 'container', `Instance type "${type}" is not supported by this server`]]),
    ...(name ? nameProblems(name) : []),
    ...instanceConfigProblems(config),
    ...deviceProblems(devices),
    ...problemsOf([
      [!['image', 'none'].includes(source.type), `Source type "${source.type}" is not supported by this server`],
      [source.type === 'image' && !named, 'Must specify one of alias, fingerprint or properties for init from image'],
    ]),
  ];
}

function profilesOf(image: ImageRow | null): string[] {
  return image && image.profiles.length > 0 ? image.profiles : ['default'];
}

function firstVolatile(id: string, image: ImageRow | null, devices: DeviceMap): StringMap {
  return {
    'volatile.uuid': id,
    'volatile.base_image': image?.fingerprint ?? '',
    'volatile.last_state.power': 'STOPPED',
    'volatile.last_state.idmap': JSON.stringify([]),
    ...newAddresses(devices, {}),
  };
}

/** Profiles that are asked for and not there. */
export function missingProfiles(names: readonly string[], profiles: readonly { name: string }[]): string[] {
  const known = new Set(profiles.map((profile) => profile.name));
  return names.filter((name) => !known.has(name)).map((name) => `Requested profile "${name}" doesn't exist`);
}

/** Problems of the whole: one root disk in a pool that exists, networks that exist. */
export async function wholeProblems(deps: InstanceDeps, project: string, devices: DeviceMap): Promise<string[]> {
  const problems = [...deviceProblems(devices), ...expandedDeviceProblems(devices)];
  if (problems.length > 0) return problems;
  const missing = (error: unknown) => {
    if (error instanceof LxError && error.status < 500) return error.message;
    throw error;
  };
  const pool = deps.storage.pool(rootVolume({ project, name: '' }, devices).pool).then(
    () => [],
    (error: unknown) => [`Failed loading root disk: ${missing(error)}`],
  );
  const networks = nics(devices).map(async ({ device, network }) => {
    if (!network) return [];
    return deps.networks.get(project, network).then(
      () => [],
      (error: unknown) => [`Device validation failed for "${device}": Failed loading network "${network}": ${missing(error)}`],
    );
  });
  return (await Promise.all([pool, ...networks])).flat();
}

/** MACs for the nics that have none yet. LXD's prefix, so that tools know whose they are. */
export function newAddresses(devices: DeviceMap, known: StringMap): StringMap {
  const made: StringMap = {};
  for (const nic of nics(devices)) {
    const key = `volatile.${nic.device}.hwaddr`;
    if (!nic.hwaddr && !known[key]) made[key] = ['00', '16', '3e', ...(randomBytes(3).toString('hex').match(/../g) ?? [])].join(':');
  }
  return made;
}

/** The instance's own config with the image's properties as `image.*`; empty values mean "not set". */
function splitConfig(config: StringMap, image: ImageRow | null): { config: StringMap } {
  const kept = Object.entries(config).filter(([key, value]) => value !== '' && !key.startsWith('volatile.'));
  const properties = Object.entries(image?.properties ?? {}).map(([key, value]) => [`image.${key}`, value] as const);
  return { config: Object.fromEntries([...properties, ...kept]) };
}

async function freeName(deps: InstanceDeps, project: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const name = generatedName(deps.random, attempt);
    if (!(await deps.store.instances.get(project, name))) return name;
  }
}
