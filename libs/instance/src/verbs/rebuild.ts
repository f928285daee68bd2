import { randomUUID } from 'node:crypto';
import type { StringMap } from '#lib/base';
import { LxError, problemsOf, refuse } from '#lib/contract';
import { defineOperation, type Operation, type OperationSpec, type Requestor, type Step } from '#lib/engine';
import type { Images, ImageWish } from '#lib/image';
import { expand } from '#lib/profile';
import type { Storage, Successor } from '#lib/storage';
import type { InstanceRow, Store } from '#lib/store';
import type { Acts } from '../act/acts.ts';
import { architectureProblems } from '../architecture.ts';
import type { HostFacts } from '../host-facts.ts';
import type { ImageUses } from '../image-uses.ts';
import { noMetadata } from '../metadata/document.ts';
import type { MetadataFiles } from '../metadata/metadata-files.ts';
import { knownRow } from '../read/rows.ts';
import { rootPool } from '../root-pool.ts';
import { fetchImage, type FromImage, fromImage, imageWish, type NamedImage, unnamed } from '../steps/fetch.ts';
import { makeFromImage } from '../steps/made-from-image.ts';
import type { Supervision } from '../supervision.ts';
import { baseImageKey, instanceIdKey, templateKey } from '../volatile.ts';
import type { VolatileChange } from '../volatile-change.ts';

export type RebuildParams = {
  id: string;
  project: string;
  name: string;
  /** Name of the pool that its root is in. */
  pool: string;
  /** Id of the root that is made beside it. */
  successor: string;
  /** null: it is empty, unless an image is fetched. */
  from: FromImage | null;
  /** The image is not here yet. */
  fetch: boolean;
  /** What cloud-init takes for a new machine. */
  machine: string;
};
type Before = { config: StringMap; volatile: VolatileChange; image: string | null };
type RebuildState = { fetched: FromImage; before: Before };
type RebuildStep = Step<RebuildParams, RebuildState>;
type Wishes = Map<string, ImageWish>;

interface Using {
  store: Store;
  storage: Storage;
  images: Images;
  supervision: Supervision;
  metadataFiles: MetadataFiles;
  imageUses: ImageUses;
  host: HostFacts;
}

/**
 * Makes the root of an instance, which does not run, anew from an image, or empty. Its config and devices stay. The new root is made beside
 * the old one and takes its place at once: until then all of it is undone when something fails, and from then on it is rebuilt.
 */
export class Rebuild {
  readonly operation: OperationSpec<RebuildParams, RebuildState>;
  readonly #acts: Acts;
  readonly #using: Using;
  /** Of operations under way, by the successor: a daemon that resumes one does not keep everybody waiting for an image. */
  readonly #wishes: Wishes = new Map();

  constructor(acts: Acts, using: Using) {
    this.#acts = acts;
    this.#using = using;
    const steps = [reserveStep(using, this.#wishes), makeStep(using), placeStep(using)];
    this.operation = defineOperation({ kind: 'instance.rebuild', onCrash: 'resume', steps });
  }

  /** LxError 'instance.rebuild_running', 'instance.rebuild_snapshots', and what is said of an image that is not there. */
  async begin(row: InstanceRow, source: NamedImage & { type: string }, requestor?: Requestor): Promise<Operation> {
    const { params, wish } = await this.prepare(row, source);
    if (wish) this.#wishes.set(params.successor, wish);
    const begin = { of: row, requestor, announce: [{ action: 'instance-updated' as const }], mayCancel: wish !== null };
    const operation = await this.#acts.begin(this.operation, params, begin).catch((error: unknown) => {
      this.#wishes.delete(params.successor);
      throw error;
    });
    void operation.done.then(({ status_code }) => {
      this.#wishes.delete(params.successor);
      if (status_code === 200 && params.from) void this.#using.imageUses.note(params.project, params.from.fingerprint);
    });
    return operation;
  }

  async prepare(row: InstanceRow, source: NamedImage & { type: string }): Promise<{ params: RebuildParams; wish: ImageWish | null }> {
    const { store, images, host } = this.#using;
    refuse([...problemsOf([[!['image', 'none'].includes(source.type), `Unknown source type ${source.type}`]]), ...unnamed(source)]);
    await mayBeRebuilt(this.#using, row);
    const wish = source.type === 'image' ? imageWish(images, source) : null;
    const [image, profiles] = await Promise.all([wish && images.find(row.project, wish), store.profiles.many(row.project, row.profiles)]);
    refuse(architectureProblems(image?.architecture ?? '', host.architecture));
    const { id, project, name } = row;
    const made = { successor: randomUUID(), machine: randomUUID(), pool: rootPool(expand(profiles, row).devices) };
    const fetch = wish !== null && image === null;
    return { params: { id, project, name, ...made, from: image && fromImage(image), fetch }, wish: fetch ? wish : null };
  }
}

async function mayBeRebuilt({ store, supervision }: Pick<Using, 'store' | 'supervision'>, { id }: Pick<InstanceRow, 'id'>): Promise<void> {
  if (supervision.get(id)) throw new LxError('instance.rebuild_running');
  if ((await store.snapshots.list([id])).length > 0) throw new LxError('instance.rebuild_snapshots');
}

/** The image, where it has to be fetched, and the row of the new root's volume. */
function reserveStep(using: Using, wishes: Wishes): RebuildStep {
  const { store, storage } = using;
  return {
    name: 'reserve',
    async do(context) {
      const { params, state } = context;
      const row = await knownRow(store, params.id);
      await mayBeRebuilt(using, row);
      if (params.fetch) {
        const wish = wishes.get(params.successor);
        if (!wish) throw new LxError('operation.interrupted');
        state.fetched = await fetchImage(using, wish, context);
      }
      state.before = beforeOf(row, await storage.roots.imageOf(params.id));
    },
    commit: ({ params, state }, writes) => storage.roots.reserveSuccessor(writes, successorOf(params, state)),
    undo: ({ params }) => storage.roots.remove(store, params.successor),
  };
}

/** The new root beside the old one, and the rows that tell of it. */
function makeStep(using: Using): RebuildStep {
  const { store, storage, metadataFiles } = using;
  return {
    name: 'make',
    async do({ params, state, progress }) {
      const made = successorOf(params, state);
      const { id, image } = made;
      const root = () => storage.roots.createSuccessor(made);
      if (image === null) await Promise.all([metadataFiles.write({ id }, noMetadata), root()]);
      else await makeFromImage(using, { ...params, id, image }, progress, root);
    },
    async commit({ params, state }, writes) {
      const { config, volatile } = await knownRow(writes, params.id);
      const from = fromOf(params, state);
      await writes.instances.update(
        params.id,
        { config: { ...withoutImage(config), ...from?.config } },
        {
          [baseImageKey]: from?.fingerprint ?? null,
          [templateKey]: 'create',
          ...(volatile[instanceIdKey] === undefined ? {} : { [instanceIdKey]: params.machine }),
        },
      );
      await storage.roots.setImage(writes, params.id, from?.fingerprint ?? null);
    },
    async undo({ params, state }) {
      // A successor that has taken its place is no longer there: it stays, and so do the rows.
      if (state.before && (await storage.roots.isMade(params.successor))) {
        const { config, volatile, image } = state.before;
        await store.tx(async (writes) => {
          const row = await knownRow(writes, params.id);
          await writes.instances.update(params.id, { config: { ...withoutImage(row.config), ...config } }, volatile);
          await storage.roots.setImage(writes, params.id, image);
        });
        await storage.roots.delete(successorOf(params, state));
      }
      await metadataFiles.forget({ id: params.successor });
    },
  };
}

function placeStep({ supervision, storage, metadataFiles }: Using): RebuildStep {
  return {
    name: 'place',
    irrevocable: true,
    async do({ params: { id, project, name, successor } }) {
      if (supervision.get(id)) throw new LxError('instance.rebuild_running');
      await metadataFiles.replace({ id }, { id: successor });
      await storage.roots.replace({ id, project, name }, successor);
      await metadataFiles.forget({ id: successor });
    },
    commit: ({ params }, writes) => storage.roots.remove(writes, params.successor),
    async undo({ params }) {
      if (await storage.roots.isMade(params.successor)) await metadataFiles.putBack({ id: params.id }, { id: params.successor });
    },
  };
}

function fromOf({ from }: RebuildParams, { fetched }: Partial<RebuildState>): FromImage | null {
  return fetched ?? from;
}

function successorOf(params: RebuildParams, state: Partial<RebuildState>): Successor {
  const { id: root, project, name, successor: id } = params;
  return { id, project, root, name: `${name}/${id}`, image: fromOf(params, state)?.fingerprint ?? null };
}

/** What the rebuilt one will say otherwise. */
function beforeOf({ config, volatile }: InstanceRow, image: string | null): Before {
  const changed = [baseImageKey, templateKey, instanceIdKey];
  return {
    config: Object.fromEntries(Object.entries(config).filter(([key]) => isOfImage(key))),
    volatile: Object.fromEntries(changed.map((key) => [key, volatile[key] ?? null])),
    image,
  };
}

function withoutImage(config: StringMap): StringMap {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !isOfImage(key)));
}

function isOfImage(key: string): boolean {
  return key.startsWith('image.');
}
