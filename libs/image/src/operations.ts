import type { JsonObject } from '#lib/base';
import { urls } from '#lib/contract';
import { defineOperation, type EventHub } from '#lib/engine';
import type { ImageRow } from '#lib/store';
import type { Upload } from './image-files.ts';
import type { LocalImages } from './local-images.ts';
import { templateWarning } from './templates.ts';

/** An `ImageRow` with its times as text, as the journal keeps it. */
export type RowText = { [K in keyof ImageRow]: ImageRow[K] extends Date | null ? string | null : ImageRow[K] };

export type ImageCreateParams = { project: string; aliases: { name: string; description: string }[] } & (
  | { source: 'upload'; upload: Upload; row: RowText }
  | { source: 'recipe'; recipe: string }
);
export type ImageDeleteParams = { project: string; fingerprint: string };
export type ImageOperations = ReturnType<typeof imageOperations>;

/** The trees of images in the storage pools. */
export interface PoolTrees {
  drop(fingerprint: string): Promise<void>;
}

type Announce = (action: 'image-created' | 'image-deleted', project: string, fingerprint: string) => void;

/** The operations on images; register both. */
export function imageOperations(images: LocalImages, trees: PoolTrees, events: EventHub) {
  const announce: Announce = (action, project, fingerprint) =>
    events.lifecycle(project, { action, source: urls.image(fingerprint, project) });
  return { create: imageCreate(images, announce), delete: imageDelete(images, trees, announce) };
}

function imageCreate(images: LocalImages, announce: Announce) {
  return defineOperation<ImageCreateParams, JsonObject>({
    kind: 'image.create',
    onCrash: 'unwind',
    steps: [
      {
        name: 'build',
        // A build is whole or nothing by itself, and stays as an image that anybody may use.
        async do({ params, signal, progress }) {
          if (params.source !== 'recipe') return;
          const row = await images.build(params.project, params.recipe, (text) => progress({ create_image_progress: text }), signal);
          progress({ fingerprint: row.fingerprint, size: String(row.size) });
          announce('image-created', params.project, row.fingerprint);
        },
      },
      {
        name: 'publish',
        async do({ params, progress }) {
          if (params.source !== 'upload') return;
          await images.files.publish(params.upload);
          const warning = templateWarning(params.row.metadata);
          progress({ fingerprint: params.upload.fingerprint, size: String(params.upload.size), ...(warning && { warning }) });
        },
        async commit({ params }, store) {
          if (params.source === 'upload') await images.record(store, rowFromText(params.row), params.aliases);
        },
        async undo({ params }) {
          if (params.source === 'upload') await images.unpublish(params.upload, rowFromText(params.row));
        },
      },
      {
        name: 'announce',
        async do({ params }) {
          if (params.source === 'upload') announce('image-created', params.project, params.upload.fingerprint);
        },
      },
    ],
  });
}

function imageDelete(images: LocalImages, trees: PoolTrees, announce: Announce) {
  return defineOperation<ImageDeleteParams, JsonObject>({
    kind: 'image.delete',
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

export function rowToText(row: ImageRow): RowText {
  const text = (time: Date | null) => time?.toISOString() ?? null;
  return {
    ...row,
    expiresAt: text(row.expiresAt),
    createdAt: text(row.createdAt),
    uploadedAt: row.uploadedAt.toISOString(),
    lastUsedAt: text(row.lastUsedAt),
  } as RowText;
}

function rowFromText(row: RowText): ImageRow {
  const time = (text: string | null) => (text === null ? null : new Date(text));
  return {
    ...row,
    expiresAt: time(row.expiresAt),
    createdAt: time(row.createdAt),
    uploadedAt: new Date(row.uploadedAt as unknown as string),
    lastUsedAt: time(row.lastUsedAt),
  };
}
