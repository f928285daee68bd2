import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { StringMap } from '#lib/base';
import { receiveParts } from '#lib/client';
import { LxError } from '#lib/contract';
import type { ImportRequest } from '#lib/image';
import { refuseUnstorable } from '../rim/text.ts';

/** What the headers of an upload say (API section 2.10): X-LXD-* or X-Incus-*. */
export function uploadRequest(project: string, headers: IncomingHttpHeaders): ImportRequest {
  const header = (name: string) => String(headers[`x-lxd-${name}`] ?? headers[`x-incus-${name}`] ?? '');
  const form = (name: string) => new URLSearchParams(header(name));
  const profiles = form('profiles')
    .getAll('profile')
    .filter((name) => name !== '');
  const properties: StringMap = {};
  for (const [key, value] of form('properties')) properties[key] ??= value;
  const request = {
    project,
    filename: header('filename'),
    public: ['1', 'true', 'yes', 'on'].includes(header('public').toLowerCase()),
    properties,
    profiles: profiles.length > 0 ? profiles : ['default'],
    fingerprint: header('fingerprint').toLowerCase() || null,
    aliases: form('aliases')
      .getAll('alias')
      .map((name) => ({ name, description: '' })),
  };
  refuseUnstorable(request, 'headers');
  return request;
}

/** The files of an upload: the body itself, or the parts `metadata` and `rootfs` of a form. */
export async function* uploadParts(contentType: string, body: Readable): AsyncGenerator<Readable> {
  if (!contentType.toLowerCase().startsWith('multipart/')) {
    yield body;
    return;
  }
  const wanted = ['metadata', 'rootfs'];
  for await (const part of receiveParts(contentType, body, malformed)) {
    if (part.name === 'rootfs.img') throw new LxError('request.unsupported', { what: 'images of virtual machines' });
    if (part.name !== wanted[0])
      throw invalid(wanted[0] ? `the part "${wanted[0]}" is expected, not "${part.name}"` : `there is another part "${part.name}"`);
    wanted.shift();
    yield Readable.from(part.body, { objectMode: false });
  }
  // One part alone, the metadata, would be taken for a unified image.
  if (wanted.length > 0) throw invalid(`the part "${wanted[0]}" is missing`);
}

function malformed(reason: string): LxError {
  return new LxError('request.invalid', { problems: [`Malformed multipart body: ${reason}`] });
}

function invalid(reason: string): LxError {
  return new LxError('request.invalid', { problems: [`Invalid image upload: ${reason}`] });
}
