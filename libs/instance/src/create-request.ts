import { randomBytes, randomUUID } from 'node:crypto';
import type { DeviceMap, StringMap } from '#lib/base';
import { instanceConfigProblems, LxError, refuse } from '#lib/contract';
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
  const problems: string[] = [];
  if (request.type && request.type !== 'container') problems.push(`Instance type "${request.type}" is not supported by this server`);
  if (request.name) problems.push(...nameProblems(request.name));
  problems.push(...instanceConfigProblems(request.config), ...deviceProblems(request.devices));
  if (!['image', 'none'].includes(request.source.type))
    problems.push(`Source type "${request.source.type}" is not supported by this server`);
  if (request.source.type === 'image' && !request.source.alias && !request.source.fingerprint)
    problems.push('Must specify one of alias, fingerprint or properties for init from image');
  const image = request.source.type === 'image' && problems.length === 0 ? await deps.images.resolve(project, request.source) : null;
  if (image?.architecture && image.architecture !== deps.host.architecture)
    problems.push(`Requested architecture isn't supported by this host: ${image.architecture}`);
  if (request.architecture && request.architecture !== deps.host.architecture)
    problems.push(`Requested architecture isn't supported by this host: ${request.architecture}`);

  const profileNames = request.profiles ?? (image && image.profiles.length > 0 ? image.profiles : ['default']);
  const profiles = await deps.store.profiles.many(project, profileNames);
  for (const name of profileNames)
    if (!profiles.some((profile) => profile.name === name)) problems.push(`Requested profile "${name}" doesn't exist`);
  const expanded = expand(profiles, request);
  if (problems.length === 0) problems.push(...(await wholeProblems(deps, project, expanded.devices)));
  refuse(problems);

  const name = request.name || (await freeName(deps, project));
  if (await deps.store.instances.get(project, name)) throw new LxError('instance.exists', { name });
  const id = randomUUID();
  return {
    id,
    project,
    name,
    architecture: deps.host.architecture,
    description: request.description,
    ephemeral: request.ephemeral,
    ...splitConfig(request.config, image),
    volatile: {
      'volatile.uuid': id,
      'volatile.base_image': image?.fingerprint ?? '',
      'volatile.last_state.power': 'STOPPED',
      'volatile.last_state.idmap': JSON.stringify([]),
      ...newAddresses(expanded.devices, {}),
    },
    devices: request.devices,
    profiles: profileNames,
    createdAt: deps.now().toISOString(),
    volume: { ...rootVolume({ project, name }, expanded.devices) },
    image: image?.fingerprint ?? null,
    start: request.start,
  };
}

/** Problems of the whole: one root disk in a pool that exists, networks that exist. */
export async function wholeProblems(deps: InstanceDeps, project: string, devices: DeviceMap): Promise<string[]> {
  const problems = [...deviceProblems(devices), ...expandedDeviceProblems(devices)];
  if (problems.length > 0) return problems;
  const missing = (error: unknown) => (error instanceof LxError && error.status < 500 ? error.message : Promise.reject(error));
  const pool = await deps.storage.pool(rootVolume({ project, name: '' }, devices).pool).then(() => null, missing);
  if (pool) problems.push(`Failed loading root disk: ${pool}`);
  for (const nic of nics(devices)) {
    const network = nic.network ? await deps.networks.get(project, nic.network).then(() => null, missing) : null;
    if (network) problems.push(`Device validation failed for "${nic.device}": Failed loading network "${nic.network}": ${network}`);
  }
  return problems;
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
