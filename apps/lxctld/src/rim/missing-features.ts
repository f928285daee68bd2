import { LxError } from '#lib/contract';
import { pathPattern } from './routes.ts';

const anyVerb = 'GET HEAD POST PUT PATCH DELETE';

/**
 * Endpoints of LXD 5.0.2 that this version does not have, with what they are for, so that a client's user reads a reason
 * and not just `not found`. A route that exists is found before this table is looked at.
 */
const features: readonly [verbs: string, path: string, what: string][] = [
  ['POST', '/1.0/images/:fingerprint/export', 'sending images to another server; export the image and import it there'],
  [
    'POST',
    '/1.0/images/:fingerprint/secret',
    'secrets by which another server downloads images; copy them through the client (--mode=relay)',
  ],
  [anyVerb, '/1.0/networks/:name/forwards', 'network forwards'],
  [anyVerb, '/1.0/networks/:name/forwards/:address', 'network forwards'],
  [anyVerb, '/1.0/networks/:name/peers', 'network peers'],
  [anyVerb, '/1.0/networks/:name/peers/:peer', 'network peers'],
  [anyVerb, '/1.0/network-acls', 'network ACLs'],
  [anyVerb, '/1.0/network-acls/*', 'network ACLs'],
  [anyVerb, '/1.0/network-zones', 'network zones'],
  [anyVerb, '/1.0/network-zones/*', 'network zones'],
  ['POST', '/1.0/projects', 'projects other than "default"'],
  ['PUT PATCH', '/1.0/projects/default', 'changes of projects'],
  ['POST', '/1.0/certificates', 'trusted clients; this server listens on its unix socket only'],
  ['PUT', '/1.0/cluster', 'clustering'],
  ['PUT', '/1.0/cluster/certificate', 'clustering'],
  ['GET', '/1.0/metrics', 'metrics'],
  ['POST', '/internal/recover/*', 'the recovery of instances from a storage pool; import a backup'],
];

/** Objects that cannot exist here, because nothing makes them: LXD's words for one that is not there. */
const absent: readonly [path: string, error: () => LxError][] = [
  ['/1.0/projects/:name', () => new LxError('project.not_found')],
  ['/1.0/certificates/:fingerprint', () => new LxError('certificate.not_found')],
  ['/1.0/cluster/members', () => new LxError('server.not_clustered')],
  ['/1.0/cluster/members/*', () => new LxError('server.not_clustered')],
  ['/1.0/cluster/groups', () => new LxError('server.not_clustered')],
  ['/1.0/cluster/groups/*', () => new LxError('server.not_clustered')],
];

const rows = [
  ...features.map(([verbs, path, what]) => ({
    path,
    absent: false,
    verbs: verbs.split(' '),
    pattern: pathPattern(path),
    error: () => new LxError('feature.not_implemented', { what }),
  })),
  ...absent.map(([path, error]) => ({ path, absent: true, verbs: anyVerb.split(' '), pattern: pathPattern(path), error })),
];

/** What the tables tell of; for the spec that looks for rows that a route has overtaken. */
export const missingRows: readonly { path: string; verbs: readonly string[]; absent: boolean }[] = rows;

/** The error for a request without a route, where LXD has one; null where it has none either. */
export function missingFeature(method: string, url: string): LxError | null {
  const path = url.split('?', 1)[0] ?? '';
  return rows.find(({ verbs, pattern }) => verbs.includes(method) && pattern.test(path))?.error() ?? null;
}
