import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeServer } from '../../../testing/fake-server.ts';
import { lxctl } from '../../../testing/lxctl.ts';

it('shows a volume of the type that is named, a custom one otherwise', async () => {
  const server = new FakeServer()
    .sync('GET /1.0/storage-pools/default/volumes/container/c1', { name: 'c1', type: 'container', config: {} })
    .error('GET /1.0/storage-pools/default/volumes/custom/c1', 404, 'Storage pool volume not found');
  expect((await lxctl(server, 'storage volume show default container/c1')).out).toBe('name: c1\ntype: container\nconfig: {}\n');
  expect((await lxctl(server, 'storage volume show local:default c1')).err).toBe('Error: Storage pool volume not found\n');
  expect((await lxctl(server, 'storage volume show default vm/c1/x')).err).toContain('its type is one of container');
});

describe('a custom volume', () => {
  const volume = { name: 'v', type: 'custom', content_type: 'filesystem', description: '', config: { 'user.a': '1' } };
  const at = '/1.0/storage-pools/default/volumes/custom';

  it('is made, renamed and deleted', async () => {
    const server = new FakeServer().sync(`POST ${at}`, null).sync(`POST ${at}/v`, null).sync(`DELETE ${at}/w`, null);
    expect((await lxctl(server, 'storage volume create local:default v user.a=1')).out).toBe('Storage volume v created\n');
    expect(server.sent(`POST ${at}`)).toEqual([{ name: 'v', type: 'custom', content_type: 'filesystem', config: { 'user.a': '1' } }]);
    expect((await lxctl(server, 'storage volume rename default custom/v w')).out).toBe('Renamed storage volume from "v" to "w"\n');
    expect(server.sent(`POST ${at}/v`)).toEqual([{ name: 'w' }]);
    expect((await lxctl(server, 'storage volume delete default w')).out).toBe('Storage volume w deleted\n');
  });

  it('is saved to a file with no backup left on the server, and made of one', async () => {
    const place = await mkdtemp('/tmp/lxctl-volume-');
    try {
      const [backups, file] = [`${at}/v/backups`, join(place, 'v.tar.zst')];
      const server = new FakeServer()
        .operation(`POST ${backups}`, { resources: { backups: ['/1.0/backups/backup3'] } })
        .raw(`GET ${backups}/backup3/export`, 'bytes', {})
        .operation(`DELETE ${backups}/backup3`)
        .operation(`POST ${at}`, { resources: { storage_volumes: [`${at}/v`] } });
      const saved = await lxctl(server, `storage volume export default v ${file} --volume-only --compression zstd`);
      expect(saved.out).toBe(`Backup exported to ${file}\n`);
      expect(await readFile(file, 'utf8')).toBe('bytes');
      expect(server.sent(`POST ${backups}`)).toMatchObject([{ name: '', volume_only: true, compression_algorithm: 'zstd' }]);
      expect(server.asked.filter(({ route }) => route.startsWith('DELETE'))).toHaveLength(1);
      expect((await lxctl(server, `storage volume import default ${file}`)).out).toBe('Storage volume v imported\n');
      await lxctl(server, `storage volume import default ${file} custom/w`);
      const headers = server.asked.filter(({ route }) => route === `POST ${at}`).map((each) => each.headers);
      expect(headers).toMatchObject([{ 'content-type': 'application/octet-stream' }, { 'x-lxd-name': 'w' }]);
      expect((await lxctl(server, `storage volume import default ${place}/none`)).err).toContain('does not exist');
    } finally {
      await rm(place, { recursive: true });
    }
  });

  it('is copied, and moved by its name alone in the same pool', async () => {
    const server = new FakeServer()
      .operation('POST /1.0/storage-pools/fast/volumes/custom')
      .operation(`POST ${at}/v`)
      .sync('POST /1.0/storage-pools/fast/volumes/custom/w', null);
    expect((await lxctl(server, 'storage volume copy default/v fast/w')).out).toContain('copied successfully');
    expect(server.sent('POST /1.0/storage-pools/fast/volumes/custom')).toEqual([
      { name: 'w', type: 'custom', source: { type: 'copy', pool: 'default', name: 'v', volume_only: false } },
    ]);
    await lxctl(server, 'storage volume move default/v fast/w');
    expect(server.sent(`POST ${at}/v`)).toEqual([{ pool: 'fast', name: 'w' }]);
    await lxctl(server, 'storage volume move fast/w fast/x');
    expect(server.sent('POST /1.0/storage-pools/fast/volumes/custom/w')).toEqual([{ name: 'x' }]);
  });

  it('has keys that are read and changed, and tells what it occupies', async () => {
    const server = new FakeServer()
      .sync(`GET ${at}/v`, volume, 'e')
      .sync(`PUT ${at}/v`, null)
      .sync(`GET ${at}/v/state`, { usage: { used: 4096, total: 0 } })
      .sync(`GET ${at}/v/snapshots?recursion=1`, []);
    expect((await lxctl(server, 'storage volume get default v user.a')).out).toBe('1\n');
    await lxctl(server, 'storage volume set default v user.b=2');
    await lxctl(server, 'storage volume unset default v user.a');
    expect(server.sent(`PUT ${at}/v`)).toEqual([
      { config: { 'user.a': '1', 'user.b': '2' }, description: '' },
      { config: {}, description: '' },
    ]);
    expect((await lxctl(server, 'storage volume info default v')).out).toContain('Usage: 4');
  });

  it('has snapshots, which are named after it', async () => {
    const snapshot = { name: 's', description: '', config: {}, created_at: '2026-01-02T03:04:05Z', expires_at: '0001-01-01T00:00:00Z' };
    const server = new FakeServer()
      .operation(`POST ${at}/v/snapshots`)
      .sync(`GET ${at}/v/snapshots/s`, snapshot, 'e')
      .sync(`PUT ${at}/v/snapshots/s`, null)
      .operation(`POST ${at}/v/snapshots/s`)
      .operation(`DELETE ${at}/v/snapshots/s`)
      .sync(`GET ${at}/v`, volume, 'e')
      .sync(`PUT ${at}/v`, null)
      .sync(`GET ${at}/v/state`, { usage: { used: 4096, total: 0 } })
      .sync(`GET ${at}/v/snapshots?recursion=1`, [{ ...snapshot, name: 'v/s' }])
      .operation(`POST ${at}`);
    expect(await lxctl(server, 'storage volume snapshot default v')).toEqual({ code: 0, out: '', err: '' });
    await lxctl(server, 'storage volume snapshot default v s --reuse');
    expect(server.sent(`POST ${at}/v/snapshots`)).toEqual([{ name: '' }, { name: 's' }]);
    expect((await lxctl(server, 'storage volume show default v/s')).out).toContain('name: s\n');
    expect((await lxctl(server, 'storage volume info default v')).out).toMatch(/Snapshots:[\s\S]* s /);
    await lxctl(server, 'storage volume restore default v s');
    expect(server.sent(`PUT ${at}/v`)).toEqual([{ config: { 'user.a': '1' }, description: '', restore: 's' }]);
    expect((await lxctl(server, 'storage volume rename default v/s v/t')).out).toBe('Renamed snapshot from "v/s" to "v/t"\n');
    expect((await lxctl(server, 'storage volume rename default v/s w/t')).err).toContain('stays with its volume');
    expect(server.sent(`POST ${at}/v/snapshots/s`)).toEqual([{ name: 't' }]);
    await lxctl(server, 'storage volume copy default/v/s default/w');
    expect(server.sent(`POST ${at}`)).toMatchObject([{ name: 'w', source: { name: 'v/s' } }]);
    expect((await lxctl(server, 'storage volume delete default v/s')).out).toBe('Snapshot v/s deleted\n');
    expect(server.sent(`DELETE ${at}/v/snapshots/s`)).toHaveLength(2);
  });

  it('comes to an instance or a profile as a device, and goes', async () => {
    const device = { type: 'disk', pool: 'default', source: 'v', path: '/srv' };
    const server = (devices: object) =>
      new FakeServer()
        .sync('GET /1.0/instances/c1', { name: 'c1', config: {}, devices, profiles: [], description: '' }, 'e')
        .operation('PUT /1.0/instances/c1')
        .sync('GET /1.0/profiles/p', { name: 'p', config: {}, devices, description: '' }, 'e')
        .sync('PUT /1.0/profiles/p', null);
    const sent = async (words: string, devices: object) => {
      const to = server(devices);
      const { err } = await lxctl(to, `storage volume ${words}`);
      return err || ([...to.sent('PUT /1.0/instances/c1'), ...to.sent('PUT /1.0/profiles/p')][0] as { devices: object }).devices;
    };
    expect(await sent('attach default v c1 /srv', {})).toEqual({ v: device });
    expect(await sent('attach default custom/v c1 d /srv', {})).toEqual({ d: device });
    expect(await sent('attach default v c1 /srv', { v: { type: 'none' } })).toContain('The device already exists');
    expect(await sent('attach-profile default v p /srv', {})).toEqual({ v: device });
    expect(await sent('detach default v c1', { d: device, other: { ...device, source: 'w' } })).toEqual({
      other: { ...device, source: 'w' },
    });
    expect(await sent('detach-profile default v p d', { d: device, e: device })).toEqual({ e: device });
    expect(await sent('detach default v c1', { d: device, e: device })).toContain('More than one device matches');
    expect(await sent('detach default w c1', { d: device })).toContain('No device found for this storage volume');
  });

  it.each(['storage volume copy v fast/w', 'storage volume copy default/v fast', 'storage volume delete default container/c1/s'])(
    'is what these words must name: %s',
    async (words) => {
      expect((await lxctl(new FakeServer(), words)).err).toMatch(/is not (<pool>\/<volume>|a custom volume)/);
    },
  );
});
