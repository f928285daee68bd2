import type { ImagesPostBody } from '#dto';
import { LxError, problemsOf, refuse, wantedCompression, zeroTime } from '#lib/contract';
import type { WantedImage } from '#lib/image';

/** What a request says of the image that is to be made for it. */
export function wantedImage(body: ImagesPostBody): WantedImage {
  if (body.source.mode === 'push')
    throw new LxError('request.unsupported', { what: 'images that another server sends; copy them through the client (--mode=relay)' });
  const aliases = body.aliases ?? [];
  refuse(
    problemsOf([
      [body.auto_update && body.source.server === '', 'auto_update: an image that is made here has nowhere to be updated from'],
      [!['', 'pull', 'push'].includes(body.source.mode), `source.mode: there is pull, and no ${JSON.stringify(body.source.mode)}`],
      [
        !['', 'container'].includes(body.source.image_type),
        'source.image_type: images of virtual machines are not supported by this server',
      ],
      [aliases.some(({ name }) => name === ''), 'An alias has no name'],
    ]),
  );
  const { filename, properties } = body;
  return {
    filename,
    public: body.public,
    properties: properties && Object.keys(properties).length > 0 ? properties : null,
    profiles: body.profiles ?? ['default'],
    expiresAt: expiry(body.expires_at),
    aliases: aliases.map(({ name, description }) => ({ name, description })),
    compression: wantedCompression(body.compression_algorithm),
    autoUpdate: body.auto_update,
  };
}

/** null: never. */
export function expiry(text: string): Date | null {
  if (text === '' || text === zeroTime) return null;
  const at = new Date(text);
  refuse(Number.isNaN(at.getTime()) ? [`expires_at must be a time such as 2030-01-01T00:00:00Z, not ${JSON.stringify(text)}`] : []);
  return at;
}
