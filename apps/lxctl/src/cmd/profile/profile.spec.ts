import { describe, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { instance } from '../../testing/instance.ts';
import { lxctl } from '../../testing/lxctl.ts';

const web = { name: 'web', description: 'Web', config: { 'limits.cpu': '1' }, devices: {}, used_by: ['/1.0/instances/c1'] };

function server(): FakeServer {
  return new FakeServer()
    .sync('GET /1.0/profiles?recursion=1', [web, { ...web, name: 'default', used_by: [] }])
    .sync('GET /1.0/profiles/web', web, '"e"')
    .sync('PUT /1.0/profiles/web', {})
    .sync('POST /1.0/profiles', {})
    .sync('GET /1.0/instances/c1', instance({ profiles: ['default', 'web'] }))
    .operation('PUT /1.0/instances/c1');
}

describe('profile', () => {
  it('lists and shows', async () => {
    expect((await lxctl(server(), 'profile list -f csv')).out).toBe('default,Web,0\nweb,Web,1\n');
    expect((await lxctl(server(), 'profile show web')).out).toContain('used_by:\n- /1.0/instances/c1\n');
  });

  it('creates, from a document too, and copies', async () => {
    const fake = server();
    expect((await lxctl(fake, 'profile create a')).out).toBe('Profile a created\n');
    await lxctl(fake, 'profile create b', (io) => Object.assign(io, { input: 'file', document: 'description: B\nconfig: {user.x: y}\n' }));
    await lxctl(fake, 'profile copy web c');
    expect(fake.sent('POST /1.0/profiles')).toMatchObject([
      { name: 'a' },
      { name: 'b', description: 'B', config: { 'user.x': 'y' } },
      { name: 'c', description: 'Web' },
    ]);
  });

  it('changes keys and devices', async () => {
    const fake = server();
    await lxctl(fake, 'profile set web limits.memory=1GiB');
    await lxctl(fake, 'profile device add web eth0 nic network=br1');
    expect(fake.sent('PUT /1.0/profiles/web')).toMatchObject([
      { config: { 'limits.cpu': '1', 'limits.memory': '1GiB' }, description: 'Web' },
      { devices: { eth0: { type: 'nic', network: 'br1' } } },
    ]);
  });

  it('adds to, removes from and assigns to instances', async () => {
    const fake = server();
    expect((await lxctl(fake, 'profile add c1 db')).out).toBe('Profile db added to c1\n');
    await lxctl(fake, 'profile remove c1 web');
    await lxctl(fake, ['profile', 'assign', 'c1', '']);
    expect(fake.sent('PUT /1.0/instances/c1').map((body) => (body as { profiles: unknown }).profiles)).toEqual([
      ['default', 'web', 'db'],
      ['default'],
      [],
    ]);
    expect((await lxctl(fake, 'profile remove c1 db')).err).toContain("isn't currently applied");
  });
});
