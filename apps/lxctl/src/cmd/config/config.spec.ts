import { describe, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { instance } from '../../testing/instance.ts';
import { lxctl } from '../../testing/lxctl.ts';

const c1 = instance({ config: { 'limits.cpu': '2' }, devices: { data: { type: 'disk', path: '/data', source: '/srv' } } });

function server(): FakeServer {
  return new FakeServer()
    .sync('GET /1.0/instances/c1', c1, '"e1"')
    .operation('PUT /1.0/instances/c1')
    .sync('GET /1.0', { config: { 'core.https_address': ':8443' }, api_extensions: [] }, '"e2"')
    .sync('PUT /1.0', {});
}

describe('config', () => {
  it('shows what may be written, as YAML', async () => {
    expect((await lxctl(server(), 'config show c1')).out).toMatchInlineSnapshot(`
      "architecture: x86_64
      config:
        limits.cpu: "2"
      devices:
        data:
          type: disk
          path: /data
          source: /srv
      ephemeral: false
      profiles:
      - default
      stateful: false
      description: ""
      "
    `);
    expect((await lxctl(server(), 'config show -e c1')).out).toContain('limits.memory: 100MiB');
    expect((await lxctl(server(), 'config show')).out).toBe('config:\n  core.https_address: :8443\n');
  });

  it('gets keys of an instance and of the server', async () => {
    expect((await lxctl(server(), 'config get c1 limits.cpu')).out).toBe('2\n');
    expect((await lxctl(server(), 'config get c1 limits.memory')).out).toBe('\n');
    expect((await lxctl(server(), 'config get -e c1 limits.memory')).out).toBe('100MiB\n');
    expect((await lxctl(server(), 'config get core.https_address')).out).toBe(':8443\n');
  });

  it('sets keys, in both forms, guarded by the ETag', async () => {
    const fake = server();
    await lxctl(fake, 'config set c1 limits.memory=1GiB limits.cpu=');
    await lxctl(fake, 'config set c1 user.a b=c');
    await lxctl(fake, 'config set core.https_address=:1 user.x=y');
    await lxctl(fake, 'config set core.https_address :2');
    expect(fake.sent('PUT /1.0/instances/c1')).toMatchObject([
      { config: { 'limits.memory': '1GiB' } },
      { config: { 'limits.cpu': '2', 'user.a': 'b=c' } },
    ]);
    expect((fake.sent('PUT /1.0/instances/c1')[0] as { config: object }).config).not.toHaveProperty('limits.cpu');
    expect(fake.asked.find(({ route }) => route === 'PUT /1.0/instances/c1')?.headers['if-match']).toBe('"e1"');
    expect(fake.sent('PUT /1.0')).toEqual([
      { config: { 'core.https_address': ':1', 'user.x': 'y' } },
      { config: { 'core.https_address': ':2' } },
    ]);
  });

  it('sends back only what may be written', async () => {
    const fake = server();
    await lxctl(fake, 'config unset c1 limits.cpu');
    const [sent] = fake.sent('PUT /1.0/instances/c1') as object[];
    expect(Object.keys(sent ?? {}).sort()).toEqual([
      'architecture',
      'config',
      'description',
      'devices',
      'ephemeral',
      'profiles',
      'stateful',
    ]);
    expect((await lxctl(fake, 'config unset c1 limits.cpu.allowance')).err).toContain('it is not set');
  });

  it('works on devices', async () => {
    const fake = server();
    expect((await lxctl(fake, 'config device list c1')).out).toBe('data\n');
    expect((await lxctl(fake, 'config device get c1 data path')).out).toBe('/data\n');
    expect((await lxctl(fake, 'config device add c1 web nic network=br1')).out).toBe('Device web added to c1\n');
    await lxctl(fake, 'config device set c1 data readonly=true');
    await lxctl(fake, 'config device unset c1 data source');
    await lxctl(fake, 'config device remove c1 data');
    const devices = fake.sent('PUT /1.0/instances/c1').map((body) => (body as { devices: unknown }).devices);
    expect(devices).toEqual([
      { data: c1.devices.data, web: { type: 'nic', network: 'br1' } },
      { data: { ...c1.devices.data, readonly: 'true' } },
      { data: { type: 'disk', path: '/data' } },
      {},
    ]);
    expect((await lxctl(fake, 'config device add c1 data nic')).err).toContain('already exists');
    expect((await lxctl(fake, 'config device override c1 eth0 name=lan0')).out).toBe('Device eth0 overridden for c1\n');
    expect(fake.sent('PUT /1.0/instances/c1').at(-1)).toMatchObject({
      devices: { data: c1.devices.data, eth0: { type: 'nic', network: 'lxctlbr0', name: 'lan0' } },
    });
    expect((await lxctl(fake, 'config device override c1 data')).err).toContain('already exists');
    expect((await lxctl(fake, 'config device override c1 nope')).err).toContain("The profile device doesn't exist");
    expect((await lxctl(fake, 'config device remove c1 eth0')).err).toContain("Device doesn't exist");
  });

  it('edits in an editor until the server takes it', async () => {
    const fake = server().operation('PUT /1.0/instances/c1', { status_code: 400, err: 'Invalid value' });
    let opened = 0;
    const outcome = await lxctl(fake, 'config edit c1', (io) => {
      io.terminal.in = true;
      io.editor = () => {
        opened += 1;
        if (opened === 1) return 'config: [';
        if (opened === 3) return 'description: mine\ndescripton: mine\n';
        if (opened === 4) fake.operation('PUT /1.0/instances/c1');
        if (opened > 4) throw new Error('opened too often');
        return `config:\n  limits.cpu: ${opened}\n`;
      };
    });
    expect(opened).toBe(4);
    expect(outcome.code).toBe(0);
    expect(outcome.err.split('\n').filter(Boolean)).toEqual([
      expect.stringContaining('This is not YAML'),
      'Error: Invalid value',
      expect.stringContaining('Unknown field: descripton;'),
    ]);
  });

  it('takes a piped document as it is, and writes nothing when nothing changed', async () => {
    const fake = server();
    await lxctl(fake, 'config edit c1', (io) => {
      io.document = 'config:\n  limits.cpu: 4\nname: other\n';
    });
    expect(fake.sent('PUT /1.0/instances/c1')).toEqual([{ config: { 'limits.cpu': '4' } }]);
    expect(fake.asked.map(({ route }) => route)).toEqual(['PUT /1.0/instances/c1']);
    const quiet = server();
    await lxctl(quiet, 'config edit c1', (io) => Object.assign(io.terminal, { in: true }));
    expect(quiet.sent('PUT /1.0/instances/c1')).toEqual([]);
  });
});
