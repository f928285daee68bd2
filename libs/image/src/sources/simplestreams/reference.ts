import type { JsonObject, StringMap } from '#lib/base';
import { LxError, problemsOf, refuse } from '#lib/contract';
import type { ImageOrigin, ImageRow } from '#lib/store';
import { streamServer, streamServerProblems } from '#lib/streams';
import type { ImageChange, WantedImage } from '../../images.ts';
import type { AskedImage } from '../source.ts';

/** What the image is to be once it is here. */
export type StreamWish = {
  public: boolean;
  autoUpdate: boolean;
  /** It goes again when no instance is made of it for a while. */
  cached: boolean;
  /** null: as the server says. */
  properties: StringMap | null;
  profiles: string[];
  aliases: WantedImage['aliases'];
  /** RFC 3339; null: as the server says. */
  expiresAt: string | null;
};

export type StreamReference = JsonObject & {
  server: string;
  certificate: string;
  /** An alias that the server has, or a fingerprint. */
  name: string;
  /** null: as one that comes for an instance is. */
  wish: StreamWish | null;
};

/** LxError 'request.invalid' naming every problem. */
export function streamReference({ server, certificate, alias, fingerprint, secret }: AskedImage): StreamReference {
  // LXD's clients name an alias as a fingerprint where the image is to be updated.
  const name = alias || fingerprint;
  refuse([
    ...streamServerProblems(server),
    ...problemsOf([
      [name === '', 'Must specify one of alias or fingerprint of an image'],
      [secret !== '', 'Servers of simplestreams know no secrets'],
    ]),
  ]);
  return { server: streamServer(server).href, certificate, name, wish: null };
}

/** LxError 'request.unsupported' for what cannot be. */
export function streamWish({ compression, ...wanted }: WantedImage): StreamWish {
  if (compression !== null) throw new LxError('request.unsupported', { what: 'another compression of an image that comes as it is' });
  const { properties, profiles, aliases, autoUpdate, expiresAt } = wanted;
  return { public: wanted.public, autoUpdate, cached: false, properties, profiles, aliases, expiresAt: expiresAt?.toISOString() ?? null };
}

/** Whether an image came from there by that name. */
export function cameFrom({ origin }: ImageRow, { server, certificate, name }: StreamReference): boolean {
  return origin !== null && origin.server === server && origin.certificate === certificate && origin.alias === name;
}

export function originOf({ server, certificate, name }: StreamReference): ImageOrigin {
  return { protocol: 'simplestreams', server, certificate, alias: name };
}

/** The reference by which a newer one of an image is looked for, which is to be what this one is. LxError 'image.no_origin'. */
export function renewal(row: ImageRow): StreamReference {
  if (row.origin === null) throw new LxError('image.no_origin');
  const { server, certificate, alias } = row.origin;
  const { autoUpdate, cached, profiles } = row;
  return { server, certificate, name: alias, wish: { ...cachedWish, public: row.public, autoUpdate, cached, profiles } };
}

/** How an image that comes for an instance is kept. */
export const cachedWish: StreamWish = {
  public: false,
  autoUpdate: false,
  cached: true,
  properties: null,
  profiles: ['default'],
  aliases: [],
  expiresAt: null,
};

/** What changes of an image that is here when somebody wishes that: it never becomes less than it was. */
export function adoption(wish: StreamWish, origin: ImageOrigin | null): (row: ImageRow) => ImageChange {
  return (row) => ({
    public: row.public || wish.public,
    autoUpdate: row.autoUpdate || (wish.autoUpdate && origin !== null),
    cached: row.cached && wish.cached,
    ...(origin !== null && (row.cached || row.origin === null) ? { origin } : {}),
    ...(wish.cached ? {} : { profiles: wish.profiles }),
    ...(wish.properties === null ? {} : { properties: wish.properties }),
    ...(wish.expiresAt === null ? {} : { expiresAt: new Date(wish.expiresAt) }),
  });
}
