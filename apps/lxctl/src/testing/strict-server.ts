import type { StringMap } from '#lib/base';
import type { TransportRequest, TransportResponse } from '#lib/client';
import {
  instanceConfigProblems,
  isNetworkType,
  networkConfigProblems,
  poolKeys,
  serverConfigProblems,
  validateConfig,
} from '#lib/contract';
import { FakeServer } from './fake-server.ts';

/** Has whatever is asked for, and looks at each config it is sent as the real one does. */
export class StrictServer extends FakeServer {
  readonly problems: string[] = [];

  override request(request: TransportRequest): Promise<TransportResponse> {
    const [path = ''] = request.path.split('?');
    const body = typeof request.body === 'string' ? (JSON.parse(request.body) as Sent) : {};
    if (request.method !== 'GET') this.problems.push(...problemsOf(path, body));
    const route = `${request.method} ${request.path}`;
    if (request.method === 'GET') this.sync(route, found(path), 'etag');
    // A look whether a file is there already.
    else if (request.method === 'HEAD') this.error(route, 404, 'Not Found');
    else if (isOperation(path, request))
      this.operation(route, { metadata: { fingerprint: 'f00' }, resources: { backups: ['/1.0/instances/c1/backups/b'] } });
    else this.sync(route, {});
    return super.request(request);
  }
}

/** Whether what is asked for takes time; an upload to volumes is a backup. */
function isOperation(path: string, { body }: TransportRequest): boolean {
  if (path.endsWith('/files')) return false;
  return (
    /^\/1\.0\/(instances|images|operations)\b|\/(snapshots|backups)\b/.test(path) ||
    (path.endsWith('/volumes/custom') && typeof body === 'object')
  );
}

interface Sent {
  config?: StringMap;
  name?: string;
  type?: string;
  driver?: string;
}

function problemsOf(path: string, { config = {}, name = '', type = '', driver = '' }: Sent): string[] {
  if (path === '/1.0') return serverConfigProblems(config);
  if (path.startsWith('/1.0/instances')) return instanceConfigProblems(config);
  if (path === '/1.0/networks') return isNetworkType(type) ? networkConfigProblems(name, type, config) : [`no network type ${type}`];
  if (path === '/1.0/storage-pools') return poolKeys[driver] ? validateConfig(poolKeys[driver], config) : [`no pool driver ${driver}`];
  return [];
}

function found(path: string): unknown {
  if (path === '/1.0') return { config: {}, environment: {}, api_extensions: ['instance_create_start'] };
  if (path.split('/').length === 3 || path === '/1.0/images/aliases') return [];
  return {
    name: 'c1',
    config: {},
    devices: {},
    profiles: ['default'],
    description: '',
    status: 'Running',
    target: 'f00',
    status_code: 200,
  };
}
