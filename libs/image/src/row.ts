import type { ImageRow } from '#lib/store';
import type { Upload } from './image-files.ts';
import type { ImportRequest } from './images.ts';
import type { ImageMetadata } from './metadata.ts';

/** An `ImageRow` with its times as text, as the journal keeps it. */
export type RowText = { [K in keyof ImageRow]: ImageRow[K] extends Date | null ? string | null : ImageRow[K] };

/** The row of a checked upload. What the request says wins over what the image says of itself. */
export function imageRow(request: ImportRequest, upload: Upload, metadata: ImageMetadata, now = new Date()): ImageRow {
  return {
    fingerprint: upload.fingerprint,
    project: request.project,
    filename: request.filename || upload.fingerprint,
    size: upload.size,
    public: request.public,
    autoUpdate: false,
    cached: false,
    architecture: metadata.architecture,
    properties: { ...metadata.properties, ...request.properties },
    profiles: request.profiles,
    layout: upload.layout,
    metadata: metadata.document,
    origin: null,
    expiresAt: metadata.expiresAt,
    createdAt: metadata.createdAt,
    uploadedAt: now,
    lastUsedAt: null,
  };
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

export function rowFromText(row: RowText): ImageRow {
  const time = (text: string | null) => (text === null ? null : new Date(text));
  return {
    ...row,
    expiresAt: time(row.expiresAt),
    createdAt: time(row.createdAt),
    uploadedAt: new Date(row.uploadedAt as unknown as string),
    lastUsedAt: time(row.lastUsedAt),
  };
}
