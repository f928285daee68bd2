import { type WireAliasEntry, type WireImage, zeroTime } from '#lib/contract';
import type { ImageAliasRow, ImageRow } from '#lib/store';

export function presentImage(row: ImageRow, aliases: readonly ImageAliasRow[]): WireImage {
  return {
    fingerprint: row.fingerprint,
    filename: row.filename,
    size: row.size,
    type: 'container',
    architecture: row.architecture,
    public: row.public,
    auto_update: row.autoUpdate,
    cached: row.cached,
    ...(row.origin && { update_source: { ...row.origin, image_type: 'container' as const } }),
    properties: row.properties,
    profiles: row.profiles,
    aliases: aliases.filter((alias) => alias.fingerprint === row.fingerprint).map(({ name, description }) => ({ name, description })),
    created_at: time(row.createdAt),
    expires_at: time(row.expiresAt),
    uploaded_at: time(row.uploadedAt),
    last_used_at: time(row.lastUsedAt),
  };
}

export function presentAlias({ name, description, fingerprint }: ImageAliasRow): WireAliasEntry {
  return { name, description, target: fingerprint, type: 'container' };
}

/** What an image's ETag covers. */
export function imageTuple(row: ImageRow): unknown[] {
  return [row.public, row.autoUpdate, row.properties];
}

function time(at: Date | null): string {
  return at === null ? zeroTime : at.toISOString();
}
