import type { StringMap } from '#lib/base';

/** LXD's zero time: "never" and "not known" on the wire. */
export const zeroTime = '0001-01-01T00:00:00Z';

export interface WireImageAlias {
  name: string;
  description: string;
}

export interface WireImagePut {
  auto_update: boolean;
  properties: StringMap;
  public: boolean;
  /** RFC 3339; the zero time: never. */
  expires_at: string;
  profiles: string[];
}

/** Where an image came from, and is looked for again. */
export interface WireImageOrigin {
  alias: string;
  /** PEM; empty: one of an authority. */
  certificate: string;
  protocol: string;
  /** URL. */
  server: string;
  image_type: 'container';
}

export interface WireImage extends WireImagePut {
  aliases: WireImageAlias[];
  /** Kernel's name, e.g. x86_64. */
  architecture: string;
  cached: boolean;
  update_source?: WireImageOrigin;
  filename: string;
  fingerprint: string;
  /** Bytes of the image's files. */
  size: number;
  type: 'container';
  created_at: string;
  last_used_at: string;
  uploaded_at: string;
}

export interface WireAliasEntry {
  name: string;
  description: string;
  /** Fingerprint. */
  target: string;
  type: 'container';
}

/** A file of an image that is written in its instances. */
export interface WireImageTemplate {
  /** create, copy, rename, start. */
  when: string[];
  create_only: boolean;
  /** Name of the template's file. */
  template: string;
  properties: StringMap;
}

/** `metadata.yaml` of an image, and of the instance that was made from it. */
export interface WireImageMetadata {
  architecture: string;
  /** Seconds of the epoch; 0: unknown, never. */
  creation_date: number;
  expiry_date: number;
  properties: StringMap;
  /** By the path in the instance. */
  templates: Record<string, WireImageTemplate>;
}
