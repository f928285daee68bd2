import { EntitySchema } from 'typeorm';
import type { ImageAliasRow, ImageRow } from '../rows.ts';
import { bigint, flag, json, key, nullable, text, texts, time } from './columns.ts';

export const imageEntity = new EntitySchema<ImageRow>({
  name: 'image',
  columns: {
    project: key(text()),
    fingerprint: key(text()),
    filename: text(),
    size: bigint(),
    public: flag(),
    autoUpdate: flag('auto_update'),
    cached: flag(),
    architecture: text(),
    properties: json(),
    profiles: texts(),
    layout: text(),
    metadata: json(),
    origin: nullable(json()),
    expiresAt: nullable(time('expires_at')),
    createdAt: nullable(time('created_at')),
    uploadedAt: time('uploaded_at'),
    lastUsedAt: nullable(time('last_used_at')),
  },
});

/** An alias goes with its image (image_alias_image cascades). */
export const imageAliasEntity = new EntitySchema<ImageAliasRow>({
  name: 'image_alias',
  columns: { project: key(text()), name: key(text()), description: text(), fingerprint: text() },
  foreignKeys: [
    {
      name: 'image_alias_image',
      target: 'image',
      columnNames: ['project', 'fingerprint'],
      referencedColumnNames: ['project', 'fingerprint'],
      onDelete: 'CASCADE',
    },
  ],
  indices: [{ name: 'image_alias_fingerprint', columns: ['project', 'fingerprint'] }],
});
