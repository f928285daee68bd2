import { row } from './catalogue.ts';

/** Errors about images and their aliases. */
export const imageErrors = {
  'image.not_found': row(404, () => 'Image not found', 'No image of the project has this fingerprint or alias.'),
  'image.ambiguous': row<{ prefix: string }>(
    400,
    ({ prefix }) => `More than one image matches "${prefix}"`,
    'Give more characters of the fingerprint.',
  ),
  'image.exists': row(409, () => 'Image with same fingerprint already exists', 'The same bytes are already an image of the project.'),
  'image.bad_fingerprint': row<{ actual: string; wanted: string }>(
    400,
    ({ actual, wanted }) => `Image fingerprint doesn't match. got ${actual} expected ${wanted}`,
    'The bytes that arrived are not those the client announced.',
  ),
  'image.invalid': row<{ reason: string }>(
    400,
    ({ reason }) => `Invalid image: ${reason}`,
    'The file is not a whole image archive, or holds what an image must not hold. Nothing of it was kept.',
  ),
  'image.too_large': row<{ limit: number }>(
    413,
    ({ limit }) => `Image unpacks to more than ${limit} entries`,
    'Archives with that many members are refused.',
  ),
  'image.unpack_failed': row<{ reason: string }>(
    500,
    ({ reason }) => `Failed to unpack the image: ${reason}`,
    'The image passed the check, but writing its files failed (disk full?).',
  ),
  'image.no_space': row(
    507,
    () => 'Failed to unpack the image: the disk is almost full',
    'The files of the image were removed again, so that the database and the instances of the host keep room to write.',
  ),
  'image.recipe_not_found': row<{ name: string; known: string[] }>(
    404,
    ({ name, known }) => `No image recipe "${name}": there is ${known.join(', ')}`,
    'The recipes of this version are named in the text.',
  ),
  'image.recipe_failed': row<{ name: string; reason: string }>(
    500,
    ({ name, reason }) => `Failed to build the image "${name}": ${reason}`,
    'A step of the recipe failed; the text has the last words of the program that failed.',
  ),
  'image.not_on_server': row<{ host: string; name: string; architecture: string; similar: string[] }>(
    404,
    ({ host, name, architecture, similar }) =>
      `The image server ${host} has no image ${JSON.stringify(name)} for ${architecture}${similar.length > 0 ? `; it has ${similar.join(', ')}` : ''}`,
    'Aliases of what there is are named in the text; `lxctl image list REMOTE:` lists all.',
  ),
  'image.download_failed': row<{ url: string; reason: string }>(
    502,
    ({ url, reason }) => `Failed to download ${url}: ${reason}`,
    'The server stopped sending, or sent other bytes than it had announced. What had arrived was removed.',
  ),
  'remote.unreachable': row<{ host: string; reason: string }>(
    502,
    ({ host, reason }) => `Cannot reach the server ${host}: ${reason}`,
    'The text says what is in the way. Proxies are set by core.proxy_https and core.proxy_ignore_hosts, or by the environment of the daemon.',
  ),
  'remote.malformed': row<{ host: string; reason: string }>(
    502,
    ({ host, reason }) => `The server ${host} is no image server of the protocol simplestreams: ${reason}`,
    'Its answer is not what the protocol says. Is the URL right?',
  ),
  'remote.bad_certificate': row<{ reason: string }>(
    400,
    ({ reason }) => `The certificate of the server cannot be used: ${reason}`,
    'It has to be in PEM.',
  ),
  'image.no_origin': row(
    400,
    () => 'Image cannot be refreshed: it came from no server',
    'Only what came from an image server by an alias can be newer there.',
  ),
  'image.of_running': row(
    400,
    () => 'Cannot export a running instance as an image',
    'Stop the instance first, or make the image of a snapshot of it.',
  ),
  'archive.bad_compression': row<{ name: string }>(
    400,
    ({ name }) => `Invalid compression algorithm ${JSON.stringify(name)}`,
    'This server has those that docs/reference/config-keys.md names at images.compression_algorithm.',
  ),
  'archive.no_space': row(
    507,
    () => 'Failed to write the archive: the disk is almost full',
    'What was written of it was removed again, so that the database and the instances of the host keep room to write.',
  ),
  'image.cancelled': row(400, () => 'Cancelled', 'The client went away or cancelled the operation.'),
  'alias.not_found': row(404, () => 'Image alias not found', 'No alias of the project has this name.'),
  'alias.exists': row<{ name: string }>(409, ({ name }) => `Alias "${name}" already exists`, 'Alias names are unique in a project.'),
} as const;
