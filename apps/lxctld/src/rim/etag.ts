import { createHash } from 'node:crypto';
import { LxError } from '#lib/contract';

/** SHA-256 over the JSON of an ordered tuple of the fields a client may change. */
export function etagOf(tuple: unknown): string {
  return createHash('sha256')
    .update(`${JSON.stringify(tuple)}\n`)
    .digest('hex');
}

/** LxError 'etag.mismatch' when the client sent an If-Match that is not the object's. */
export function checkEtag(ifMatch: string | undefined, tuple: unknown): void {
  if (!ifMatch) return;
  const client = ifMatch.replace(/^W\//, '').replaceAll('"', '');
  const server = etagOf(tuple);
  if (client !== server) throw new LxError('etag.mismatch', { server, client });
}
