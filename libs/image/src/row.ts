import type { ImageRow } from '#lib/store';
import type { Upload } from './image-files.ts';
import type { ImportRequest } from './images.ts';
import type { ImageMetadata } from './metadata.ts';

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
    expiresAt: metadata.expiresAt,
    createdAt: metadata.createdAt,
    uploadedAt: now,
    lastUsedAt: null,
  };
}
