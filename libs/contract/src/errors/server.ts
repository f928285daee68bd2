import { row } from './catalogue.ts';

/** Errors of the rim and of the server as a whole. */
export const serverErrors = {
  'request.invalid': row<{ problems: string[] }>(
    400,
    ({ problems }) => problems.join('; '),
    'The content of the request is not valid. The text lists all problems.',
  ),
  'request.not_json': row<{ reason: string }>(
    400,
    ({ reason }) => `Request body is not valid JSON: ${reason}`,
    'The body could not be parsed as JSON.',
  ),
  'request.too_large': row<{ limit: number }>(
    413,
    ({ limit }) => `Request body is larger than ${limit} bytes`,
    'JSON bodies have a limit; files, images and backups are streamed and have none.',
  ),
  'request.unsupported': row<{ what: string }>(
    400,
    ({ what }) => `Not supported by this server: ${what}`,
    'LXD has this feature, this version of lxctl does not. The text says which one.',
  ),
  'request.websocket_needed': row(400, () => 'This endpoint is a websocket', 'Ask for an upgrade to the websocket protocol.'),
  'path.not_found': row(404, () => 'not found', 'No endpoint has this path.'),
  'method.not_implemented': row(501, () => 'not implemented', 'The endpoint exists, but not with this verb.'),
  'feature.not_implemented': row<{ what: string }>(
    501,
    ({ what }) => `not implemented: ${what}`,
    'An endpoint of LXD that this version of lxctl does not have. The text says what it is for.',
  ),
  'access.denied': row(403, () => 'not authorized', 'The client does not have the access right that the endpoint requires.'),
  'request.foreign_origin': row<{ origin: string }>(
    403,
    ({ origin }) => `Websocket refused: it was requested by a page of ${JSON.stringify(origin)}`,
    'A page of another site tried to open a websocket in a browser (header Origin). Other clients send no Origin.',
  ),
  'server.not_clustered': row(400, () => 'This server is not clustered', 'A server without a cluster has no members; leave out `target=`.'),
  'certificate.not_found': row(404, () => 'Certificate not found', 'No client certificate has this fingerprint.'),
  'warning.not_found': row(404, () => 'Warning not found', 'No warning has this id.'),
  'warning.bad_status': row<{ status: string }>(
    400,
    ({ status }) => `Invalid warning type ${JSON.stringify(status)}`,
    'A warning is `acknowledged` or `new`.',
  ),
  'warning.status_refused': row(403, () => 'Status may only be set to "acknowledge" or "new"', 'The server alone resolves warnings.'),
  'etag.mismatch': row<{ server: string; client: string }>(
    412,
    ({ server, client }) => `ETag doesn't match: ${server} vs ${client}`,
    'The object changed since it was read. Read it again and repeat the change.',
  ),
  'project.not_found': row(404, () => 'Project not found', 'Only the project "default" exists in this version.'),
  'project.default_delete': row(403, () => "The 'default' project cannot be deleted", 'LXD refuses this as well.'),
  'project.default_rename': row(403, () => "The 'default' project cannot be renamed", 'LXD refuses this as well.'),
  'server.starting': row(503, () => 'LXD daemon setup in progress', 'The daemon is starting; try again.'),
  'server.stopping': row(503, () => 'LXD is shutting down', 'The daemon is stopping.'),
  'server.disk_full': row<{ directory: string }>(
    507,
    ({ directory }) => `No space left on the disk of ${directory}`,
    'Nothing more can be written there. Instances can still be stopped and deleted, and images deleted, from a reserve that the server keeps; the rest is refused until there is room again.',
  ),
  'server.stopped_badly': row<{ problems: string[] }>(
    500,
    ({ problems }) => `The server stopped with errors: ${problems.join('; ')}`,
    'The instances are stopped as far as their keepers could be reached. What could not be written down, the next start sorts out.',
  ),
  'server.internal': row<{ reason: string }>(500, ({ reason }) => reason, 'An error inside the server. Its log has the details.'),
  'database.unavailable': row(503, () => 'The database is not available', 'Postgres does not answer; the daemon keeps trying.'),
  'database.failed': row<{ reason: string }>(
    503,
    ({ reason }) => `The database cannot do this now: ${reason}`,
    'Postgres answers but refuses: it is read-only (a failover), was told to cancel the statement, or failed in itself. Its words are in the text.',
  ),
  'operation.not_found': row(404, () => 'Operation not found', 'The operation never existed or is long finished.'),
  'operation.not_cancellable': row(400, () => "This operation can't be cancelled", 'Only operations with may_cancel can be cancelled.'),
  'operation.cancelled': row(400, () => 'The operation was cancelled', 'Somebody cancelled the operation that the request waited for.'),
  'operation.no_secret': row(400, () => 'missing secret', 'Add `?secret=` with a secret of metadata.fds to the URL.'),
  'operation.bad_secret': row(403, () => 'Forbidden', 'The websocket secret is wrong or already used.'),
} as const;
