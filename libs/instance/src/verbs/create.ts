import { randomUUID } from 'node:crypto';
import type { DeviceMap, JsonObject, StringMap } from '#lib/base';
import { instanceConfigProblems, LxError, problemsOf, refuse } from '#lib/contract';
import { claimsOf, type DeviceHolders, deviceProblems, lacksOf } from '#lib/device';
import { defineOperation, type Operation, type OperationSpec, type Requestor, type Step } from '#lib/engine';
import type { Images, ImageWish } from '#lib/image';
import type { Storage } from '#lib/storage';
import type { ImageRow, InstanceRow, NicRow, ProfileRow } from '#lib/store';
import type { Acts, Announcement, Begin } from '../act/acts.ts';
import { architectureProblems } from '../architecture.ts';
import { missingProfiles, wholeProblems } from '../checks.ts';
import { expand } from '#lib/profile';
import type { HostFacts } from '../host-facts.ts';
import type { ImageUses } from '../image-uses.ts';
import type { IdAllocation, InstanceIds } from '../ids/allocation.ts';
import { type IdWish, idWish } from '../ids/map.ts';
import type { LimitsInForce } from '../limits/in-force.ts';
import type { MetadataFiles } from '../metadata/metadata-files.ts';
import { generatedName, nameProblems } from '../name.ts';
import { rootPool } from '../root-pool.ts';
import type { Removal } from '../steps/remove.ts';
import { newIds, reserveRows } from '../steps/reserve.ts';
import { fetchImage, type FromImage, fromImage, imageWish, type NamedImage, unnamed } from '../steps/fetch.ts';
import { makeFromImage } from '../steps/made-from-image.ts';
import { type LaunchState, type LaunchUsing, launchStep } from '../steps/launch.ts';
import { baseImageKey, firstVolatile, separated, volatileProblems } from '../volatile.ts';

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
  /** `protocol`: the name of a source of images, for one that may not be here yet. */
  source: NamedImage & { type: string };
  start: boolean;
}

export type CreateParams = {
  id: string;
  project: string;
  name: string;
  architecture: string;
  description: string;
  ephemeral: boolean;
  config: StringMap;
  volatile: StringMap;
  devices: DeviceMap;
  profiles: string[];
  nics: NicRow[];
  /** RFC 3339. */
  createdAt: string;
  /** Where its root is made. */
  pool: string;
  ids: IdWish;
  /** Fingerprint; null: an empty root, unless there is something to fetch. */
  image: string | null;
  /** An image that is not here yet. */
  fetch: ImageWish | null;
  start: boolean;
};
export type CreateState = LaunchState & { ids: Pick<InstanceIds, 'row' | 'volatile'>; fetched: FromImage };
type CreateStep = Step<CreateParams, CreateState>;

interface Using extends LaunchUsing {
  storage: Storage;
  images: Images;
  holders: DeviceHolders;
  limits: LimitsInForce;
  removal: Removal;
  metadataFiles: MetadataFiles;
  ids: IdAllocation;
  host: HostFacts;
  imageUses: ImageUses;
  random: () => number;
}

/**
 * Makes an instance: its image is fetched where it is not here, then come its rows, which reserve the name, then its root, then (with `start`) its init. Killed half
 * way, the next daemon removes all of it.
 */
export class Create {
  readonly operation: OperationSpec<CreateParams, CreateState>;
  readonly #acts: Acts;
  readonly #using: Using;
  /** The profiles that a request was checked with, by the instance's id: its rows are refused when they are others by then. */
  readonly #seen = new Map<string, ProfileRow[]>();

  constructor(acts: Acts, using: Using) {
    this.#acts = acts;
    this.#using = using;
    const steps = [reserveStep(using, this.#seen), rootStep(using), launchStep<CreateParams, CreateState>(using, 'keep', rowOf)];
    this.operation = defineOperation({ kind: 'instance.create', onCrash: 'unwind', steps });
  }

  async begin(project: string, request: CreateRequest, requestor?: Requestor): Promise<Operation> {
    return this.beginMade(this.operation, await this.prepare(project, request), { requestor });
  }

  /** Begins what `prepare` made, as this or another operation that makes an instance of it. */
  async beginMade<P extends CreateParams, S extends JsonObject>(
    spec: OperationSpec<P, S>,
    params: P,
    how: Pick<Begin, 'requestor' | 'also' | 'mayCancel'>,
  ): Promise<Operation> {
    const context = { 'storage-pool': params.pool, type: 'container' };
    const announce: Announcement[] = [{ action: 'instance-created', context }];
    if (params.start) announce.push({ action: 'instance-started' });
    const mayCancel = params.fetch !== null;
    const operation = await this.#acts.begin(spec, params, { mayCancel, ...how, of: params, announce }).catch((error: unknown) => {
      this.forget(params.id);
      this.#using.ids.settled(params.id);
      throw error;
    });
    void operation.done.then((view) => {
      this.forget(params.id);
      this.#using.ids.settled(params.id);
      if (view.status_code === 200 && params.image) void this.#using.imageUses.note(params.project, params.image);
    });
    return operation;
  }

  /** Checks a request as a whole, naming every problem at once, and makes the operation's parameters of it. */
  async prepare(project: string, request: CreateRequest): Promise<CreateParams> {
    const { host, holders, limits, now } = this.#using;
    const problems = ownProblems(request);
    const { image, fetch, profileNames, profiles, taken } = await this.#lookUp(project, request, problems.length === 0);
    for (const architecture of [image?.architecture ?? '', request.architecture])
      problems.push(...architectureProblems(architecture, host.architecture));
    problems.push(...missingProfiles(profileNames, profiles));
    const { config, volatile } = separated(request.config);
    const expanded = expand(profiles, { config, devices: request.devices });
    if (problems.length === 0) problems.push(...volatileProblems(volatile, {}, expanded.devices));
    if (problems.length === 0)
      problems.push(...limits.problems(expanded.config), ...(await wholeProblems(holders, project, expanded.devices)));
    if (problems.length === 0) problems.push(...(await lacksOf(holders.places, expanded.devices)));
    refuse(problems);

    if (taken) throw new LxError('instance.exists', { name: request.name });
    const name = request.name || (await this.#freeName(project));
    const id = randomUUID();
    this.#seen.set(id, profiles);
    const own = firstVolatile(id, image?.fingerprint ?? null, expanded.devices, volatile);
    return {
      id,
      project,
      name,
      architecture: host.architecture,
      description: request.description,
      ephemeral: request.ephemeral,
      config: { ...(image && fromImage(image).config), ...config },
      volatile: own,
      nics: claimsOf(expanded.devices, own),
      devices: request.devices,
      profiles: profileNames,
      createdAt: now().toISOString(),
      pool: rootPool(expanded.devices),
      ids: idWish(expanded.config),
      image: image?.fingerprint ?? null,
      fetch,
      start: request.start,
    };
  }

  /** The profiles that a request was checked with. */
  get seen(): ReadonlyMap<string, ProfileRow[]> {
    return this.#seen;
  }

  /** For a request that is not begun after all. */
  forget(id: string): void {
    this.#seen.delete(id);
  }

  /** What the store knows of it, asked at once; the image only for a request that is `sound` in itself. */
  async #lookUp(project: string, { name, profiles, source }: CreateRequest, sound: boolean) {
    const { images, store } = this.#using;
    const wish = sound && source.type === 'image' ? imageWish(images, source) : null;
    const [image, asked, taken] = await Promise.all([
      wish && images.find(project, wish),
      store.profiles.many(project, profiles ?? ['default']),
      name ? store.instances.get(project, name) : null,
    ]);
    const profileNames = profiles ?? profilesOf(image);
    const known = profiles || !image ? asked : await store.profiles.many(project, profileNames);
    return { image, fetch: image ? null : wish, profileNames, profiles: known, taken };
  }

  async #freeName(project: string): Promise<string> {
    const { store, random } = this.#using;
    for (let attempt = 0; ; attempt++) {
      const name = generatedName(random, attempt);
      if (!(await store.instances.get(project, name))) return name;
    }
  }
}

/** The rows: from here on the name is taken. */
function reserveStep(using: Using, seen: ReadonlyMap<string, ProfileRow[]>): CreateStep {
  const { storage, ids, removal } = using;
  return {
    name: 'reserve',
    rowsOnly: ({ fetch }) => fetch === null,
    async do(context) {
      const { params, state } = context;
      if (params.fetch) state.fetched = await fetchImage(using, params.fetch, context);
      state.ids = await newIds(ids, params);
    },
    async commit({ params, state }, writes) {
      await reserveRows(writes, rowOf(params, state), { nics: params.nics, seen: seen.get(params.id) }, () =>
        storage.roots.reserve(writes, { ...params, image: imageOf(params, state) }),
      );
    },
    undo: ({ params }) => removal.undoRows(params),
  };
}

/** The root volume, from the image's layer. */
function rootStep(using: Using): CreateStep {
  const { storage, removal } = using;
  return {
    name: 'root',
    joined: true,
    async do({ params, state, progress }) {
      const image = imageOf(params, state);
      const root = () => storage.roots.create({ ...params, image });
      await (image === null ? root() : makeFromImage(using, { ...params, image }, progress, root));
    },
    undo: ({ params }) => removal.undoRoot(params),
  };
}

function imageOf(params: CreateParams, { fetched }: Partial<CreateState>): string | null {
  return fetched?.fingerprint ?? params.image;
}

export function rowOf(params: CreateParams, { ids, fetched }: Partial<CreateState>): InstanceRow {
  const { createdAt, pool, image, fetch, start, nics, ids: wish, ...row } = params;
  const own = ids?.row ?? { idBase: null, idCount: null };
  const volatile = { ...row.volatile, ...(ids?.volatile as StringMap | undefined) };
  if (fetched) volatile[baseImageKey] = fetched.fingerprint;
  const config = { ...fetched?.config, ...row.config };
  return { ...row, ...own, config, volatile, attached: [], power: 'stopped', createdAt: new Date(createdAt), lastUsedAt: null };
}

/** Those that LXD knows. */
const sourceTypes = ['image', 'none', 'copy', 'migration'];

/** What can be said of a request by itself. */
function ownProblems({ type, name, config, devices, source }: CreateRequest): string[] {
  return [
    ...problemsOf([[type && type !== 'container', `Instance type "${type}" is not supported by this server`]]),
    ...(name ? nameProblems(name) : []),
    ...instanceConfigProblems(config),
    ...deviceProblems(devices),
    ...problemsOf([
      [!sourceTypes.includes(source.type), `Unknown source type ${source.type}`],
      [source.type === 'migration', `Source type "${source.type}" is not supported by this server`],
    ]),
    ...unnamed(source),
  ];
}

function profilesOf(image: ImageRow | null): string[] {
  return image ? image.profiles : ['default'];
}
