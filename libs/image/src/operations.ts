import type { JsonObject } from '#lib/base';
import { urls } from '#lib/contract';
import { defineOperation, type Engine, type EventHub, type Operation, type Requestor } from '#lib/engine';
import type { ImageOrder } from './images.ts';
import type { LocalImages } from './local-images.ts';
import type { ImageSource } from './sources/source.ts';
import { imageRefresh } from './updates/refresh.ts';

/** `source` is the source's name, `reference` what is asked of it. */
export type ImageCreateParams = { project: string; source: string; reference: JsonObject };
type ImageCreateState = { fingerprint: string };
export type ImageDeleteParams = { project: string; fingerprint: string };
export type ImageOperations = ReturnType<typeof imageOperations>;

/** The trees of images in the storage pools. */
export interface PoolTrees {
  drop(fingerprint: string): Promise<void>;
}

export type Announce = (action: 'image-created' | 'image-refreshed' | 'image-deleted', project: string, fingerprint: string) => void;

/** The operations on images; register all. */
export function imageOperations(images: LocalImages, trees: PoolTrees, events: EventHub) {
  const announce: Announce = (action, project, fingerprint) =>
    events.lifecycle(project, { action, source: urls.image(fingerprint, project) });
  return {
    create: imageCreate(images, announce),
    refresh: imageRefresh(images, trees, announce),
    delete: imageDelete(images, trees, announce),
  };
}

/** Begins to make an image, while what it is made of is held. */
export async function beginImage(
  { engine, images, operations }: { engine: Engine; images: LocalImages; operations: ImageOperations },
  project: string,
  { source, reference }: ImageOrder,
  requestor?: Requestor,
): Promise<Operation> {
  const who = requestor ? { requestor } : {};
  const start = (locks: string[]) =>
    engine.start(operations.create, { project, source, reference }, { project, locks, mayCancel: true, ...who });
  return images.source(source).hold?.(reference, start) ?? start([]);
}

function imageCreate(images: LocalImages, announce: Announce) {
  const sourceOf = ({ source }: ImageCreateParams): ImageSource => images.source(source);
  return defineOperation<ImageCreateParams, ImageCreateState>({
    kind: 'image.create',
    onCrash: 'unwind',
    steps: [
      {
        name: 'fetch',
        async do({ params, state, signal, progress }) {
          const source = sourceOf(params);
          const tell = (text: string) => progress({ create_image_progress: text });
          const row =
            (await source.find(params.project, params.reference)) ??
            (await source.fetch(params.project, params.reference, { progress: tell, signal }));
          progress({ fingerprint: row.fingerprint, size: String(row.size) });
          state.fingerprint = row.fingerprint;
        },
        undo: async ({ params }) => sourceOf(params).takeBack?.(params.project, params.reference),
      },
      {
        name: 'announce',
        async do({ params, state }) {
          announce('image-created', params.project, state.fingerprint ?? '');
        },
      },
    ],
  });
}

function imageDelete(images: LocalImages, trees: PoolTrees, announce: Announce) {
  return defineOperation<ImageDeleteParams, JsonObject>({
    kind: 'image.delete',
    makesRoom: true,
    onCrash: 'resume',
    steps: [
      {
        name: 'forget',
        async do() {},
        commit: ({ params }, store) => images.forget(store, params.project, params.fingerprint),
      },
      {
        name: 'remove',
        async do({ params }) {
          await images.files.remove(params.fingerprint);
          await trees.drop(params.fingerprint);
          announce('image-deleted', params.project, params.fingerprint);
        },
      },
    ],
  });
}
