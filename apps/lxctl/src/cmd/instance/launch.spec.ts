import { describe, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { lxctl } from '../../testing/lxctl.ts';

const created = { resources: { instances: ['/1.0/instances/c1'] } };

function serverWith(...extensions: string[]): FakeServer {
  return new FakeServer()
    .sync('GET /1.0', { api_extensions: extensions })
    .sync('GET /1.0/images/aliases/debian', { name: 'debian', target: 'f00d' })
    .operation('POST /1.0/instances', created);
}

describe('launch', () => {
  it('creates and starts in one operation where the server can', async () => {
    const server = serverWith('instance_create_start');
    const outcome = await lxctl(server, 'launch local:debian c1 -c limits.cpu=2 -c user.a=b=c -p default -p web -e');
    expect(outcome).toEqual({ code: 0, out: 'Launching c1\n', err: '' });
    expect(server.sent('POST /1.0/instances')).toEqual([
      {
        name: 'c1',
        type: 'container',
        source: { type: 'image', fingerprint: 'f00d' },
        config: { 'limits.cpu': '2', 'user.a': 'b=c' },
        devices: {},
        ephemeral: true,
        profiles: ['default', 'web'],
        start: true,
      },
    ]);
  });

  it('creates, then starts, where it cannot, and tells a name the server made up', async () => {
    const server = serverWith().operation('PUT /1.0/instances/c1/state');
    const outcome = await lxctl(server, 'launch debian');
    expect(outcome.out).toBe('Creating the instance\nInstance name is: c1\nStarting c1\n');
    expect(server.sent('PUT /1.0/instances/c1/state')).toEqual([{ action: 'start', timeout: -1, force: false }]);
  });

  it('builds what is asked for with build:', async () => {
    const server = serverWith('instance_create_start').operation('POST /1.0/images', { metadata: { fingerprint: 'abcd' }, running: true });
    expect((await lxctl(server, 'launch build:busybox c1')).code).toBe(0);
    expect(server.sent('POST /1.0/images')).toEqual([{ source: { type: 'recipe', name: 'busybox' } }]);
    expect(server.sent('POST /1.0/instances')).toMatchObject([{ source: { type: 'image', fingerprint: 'abcd' } }]);
  });

  it('asks for a build and the instance in one request where the server can', async () => {
    const server = serverWith('instance_create_start', 'instance_create_recipe');
    expect((await lxctl(server, 'launch build:debian/12 c1')).code).toBe(0);
    expect(server.sent('POST /1.0/images')).toEqual([]);
    expect(server.sent('POST /1.0/instances')).toMatchObject([{ source: { type: 'image', protocol: 'recipe', alias: 'debian/12' } }]);
  });

  it('says what to do about an image that is not there', async () => {
    const server = serverWith();
    expect((await lxctl(server, 'launch busybox c1')).err).toBe(
      'Error: Image "busybox" is not in the local store: build one (lxctl launch build:busybox), or name an image server\'s (lxctl launch images:busybox)\n',
    );
    expect((await lxctl(server, 'launch mine c1')).err).toMatch(/^Error: Image "mine" is not in the local store: import a file .*\n$/);
    expect((await lxctl(server, 'launch other:alpine c1')).err).toContain('The remote "other" doesn\'t exist');
    expect(server.sent('POST /1.0/instances')).toEqual([]);
  });

  it('asks image servers for what the store has not', async () => {
    const server = serverWith('instance_create_start');
    const source = { type: 'image', mode: 'pull', protocol: 'simplestreams' };
    expect((await lxctl(server, 'launch ubuntu u1')).code).toBe(0);
    expect((await lxctl(server, 'launch images:alpine/edge a1')).code).toBe(0);
    expect(server.sent('POST /1.0/instances')).toMatchObject([
      { source: { ...source, server: 'https://cloud-images.ubuntu.com/releases', alias: 'default' } },
      { source: { ...source, server: 'https://images.linuxcontainers.org', alias: 'alpine/edge' } },
    ]);
  });

  it('puts devices together from flags and profiles', async () => {
    const server = serverWith('instance_create_start')
      .sync('GET /1.0/networks/br1', { name: 'br1', managed: true, type: 'bridge' })
      .sync('GET /1.0/storage-pools/fast', { name: 'fast' })
      .sync('GET /1.0/profiles/default', { devices: { gpu: { type: 'gpu' } } });
    await lxctl(server, 'launch debian c1 -n br1 -s fast -d root,size=1GiB -d gpu,id=0');
    expect(server.sent('POST /1.0/instances')).toMatchObject([
      {
        devices: {
          eth0: { type: 'nic', name: 'eth0', network: 'br1' },
          root: { type: 'disk', path: '/', pool: 'fast', size: '1GiB' },
          gpu: { type: 'gpu', id: '0' },
        },
      },
    ]);
  });

  it('takes a document from a file on the standard input, and flags win', async () => {
    const server = serverWith();
    await lxctl(server, 'init debian c1 -c limits.cpu=1', (io) => {
      io.input = 'file';
      io.document = 'config:\n  limits.cpu: 4\n  security.nesting: true\nprofiles: [web]\n';
    });
    expect(server.sent('POST /1.0/instances')).toMatchObject([
      { config: { 'limits.cpu': '1', 'security.nesting': 'true' }, profiles: ['web'] },
    ]);
  });

  it('makes empty instances, and leaves out all profiles', async () => {
    const server = serverWith();
    expect((await lxctl(server, 'init --empty --no-profiles c1')).code).toBe(0);
    expect(server.sent('POST /1.0/instances')).toMatchObject([{ source: { type: 'none' }, profiles: [], name: 'c1' }]);
  });

  it('refuses what it cannot do', async () => {
    for (const words of [
      'launch',
      'launch --vm debian',
      'launch -t c1.small debian',
      'launch debian c1 -c bad',
      'launch debian c1 -d eth0',
    ]) {
      const { code, err } = await lxctl(serverWith(), words);
      expect(code).toBe(1);
      expect(err).toMatch(/^Error: [^\n]+\n$/);
    }
  });

  it('points to the log when the start fails', async () => {
    const server = serverWith().operation('PUT /1.0/instances/c1/state', { status_code: 400, err: 'Failed to start: mount' });
    expect((await lxctl(server, 'launch debian c1')).err).toBe('Error: Failed to start: mount (try: lxctl info --show-log c1)\n');
  });
});
