import type { StringMap } from '#lib/base';
import type { LxctlClient } from '#lib/client';
import type { WireImage, WireImagePut } from '#lib/contract';
import { fingerprintOf } from './find.ts';

/** What can be changed of an image. */
export function writableOf({ auto_update, properties, public: isPublic, expires_at, profiles }: WireImage): WireImagePut {
  return { auto_update, properties, public: isPublic, expires_at, profiles };
}

/** Changes the properties of an image, unless another changes it meanwhile. */
export async function changeProperties(client: LxctlClient, typed: string, change: (properties: StringMap) => void): Promise<void> {
  const fingerprint = await fingerprintOf(client, typed);
  const { metadata, etag } = await client.images.read(fingerprint);
  const body = writableOf(metadata);
  const properties = { ...body.properties };
  change(properties);
  await client.images.replace(fingerprint, { ...body, properties }, etag);
}
