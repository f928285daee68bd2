import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { DeviceMap } from '#lib/base';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
/** A directory of the host that is no guest's affair. */
let victim: string;

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  victim = mkdtempSync(join(tmpdir(), 'lxctl-victim-'));
  mkdirSync(join(victim, 'in'));
  for (let at = 0; at < 40; at++) writeFileSync(join(victim, 'in', `file${at}`), 'of the host');
});

afterAll(async () => {
  rmSync(victim, { recursive: true });
  expect(await daemon.stop()).toEqual([]);
});

const volume = (source: string, path: string, more = {}) => ({ type: 'disk', pool: 'default', source, path, ...more });
const make = (name: string, config = {}) => daemon.client.pools.createVolume('default', { name, content_type: 'filesystem', config });
const remove = (name: string) => daemon.client.pools.deleteVolume('default', name);
const usedBy = async (name: string) => (await daemon.client.pools.readVolume('default', name)).metadata.used_by;
const said = async (name: string, command: string) => (await daemon.exec(name, ['sh', '-c', command])).stdout.trim();
const devices = async (name: string, wanted: DeviceMap) => {
  const { architecture, config, description, ephemeral, profiles } = await daemon.client.instances.get(name);
  const body = { architecture, config, description, devices: wanted, ephemeral, profiles, stateful: false };
  return daemon.done(daemon.client.instances.replace(name, body));
};
const start = (name: string) => daemon.done(daemon.client.instances.setState(name, { action: 'start', timeout: 30, force: false }));
const stop = (name: string) => daemon.done(daemon.client.instances.setState(name, { action: 'stop', timeout: 10, force: true }));

it('two instances share a volume, each root in it is root, and read-only is read-only', async () => {
  await make('shared');
  await daemon.launchInstance('one', 'busybox', { devices: { data: volume('shared', '/data') } });
  await daemon.launchInstance('two', 'busybox', { devices: { data: volume('shared', '/deep/data', { readonly: 'true' }) } });
  expect(await usedBy('shared')).toEqual(['/1.0/instances/one', '/1.0/instances/two']);
  expect(await said('one', 'echo mine > /data/file; chown 7:8 /data/file; stat -c %u:%g /data /data/file')).toBe('0:0\n7:8');
  expect(await said('two', 'cat /deep/data/file; stat -c %u:%g /deep/data/file')).toBe('mine\n7:8');
  const attempts = 'for o in remount,rw,bind remount,dev,bind; do mount -o $o /deep/data 2>/dev/null && echo done; done; echo x';
  expect(await said('two', `(echo no > /deep/data/file) 2>/dev/null || echo refused; ${attempts}`)).toBe('refused\nx');
  expect(
    await said('one', 'mknod /data/null c 1 3 2>/dev/null; (echo x > /data/null) 2>/dev/null && test -c /data/null && echo opens'),
  ).toBe('');
  await expect(remove('shared')).rejects.toThrow('The storage volume is still in use');
  for (const name of ['one', 'two']) await daemon.remove(name);
  await remove('shared');
});

it('snapshots of volumes come and go by themselves, as the volume says', async () => {
  await make('kept', { 'snapshots.schedule': '* * * * *', 'snapshots.pattern': 'auto%d' });
  const taken = await daemon.client.pools.snapshotVolume('default', 'kept', { name: 'past', expires_at: '2001-01-01T00:00:00Z' });
  expect((await daemon.client.operations.wait(taken.id)).status_code).toBe(200);
  // A daemon looks when it is up, and as each minute begins: in the minute of the last snapshot nothing is due.
  await daemon.restart();
  const names = async () => (await daemon.client.pools.volumeSnapshots('default', 'kept')).map(({ name }) => name);
  await vi.waitFor(async () => expect(await names()).not.toContain('kept/past'), { timeout: 10_000 });
  await vi.waitFor(async () => expect(await names()).toContain('kept/auto0'), { timeout: 70_000 });
  await remove('kept');
});

it('a volume without a map belongs to nobody inside', async () => {
  await make('foreign', { 'security.unmapped': 'true' });
  await daemon.launchInstance('guest', 'busybox', { devices: { data: volume('foreign', '/data') } });
  expect(await said('guest', 'stat -c %u /data; touch /data/x 2>/dev/null || echo refused')).toBe('65534\nrefused');
  const change = daemon.client.pools.replaceVolume('default', 'foreign', { description: '', config: {} });
  await expect(change).rejects.toThrow('Cannot modify shifting with running instances using the volume');
  await daemon.remove('guest');
  await remove('foreign');
});

it('volumes come to a running instance and go, by itself and by its profile, and a restart keeps them', async () => {
  await make('hot');
  await daemon.launchInstance('runs', 'busybox');
  await devices('runs', { data: volume('hot', '/data') });
  expect(await said('runs', 'echo kept > /data/file; cat /data/file')).toBe('kept');
  await daemon.kill();
  await daemon.launch();
  await daemon.done(daemon.client.instances.setState('runs', { action: 'restart', timeout: 10, force: true }));
  expect(await said('runs', 'cat /data/file')).toBe('kept');
  await devices('runs', {});
  expect(await said('runs', 'ls -A /data')).toBe('');

  const { config, description, devices: own } = await daemon.client.profiles.get('default');
  const withVolume = (name: string) => ({ description, config, devices: { ...own, data: volume(name, '/srv') } });
  await daemon.client.profiles.replace('default', withVolume('hot'));
  expect(await said('runs', 'cat /srv/file')).toBe('kept');
  expect(await usedBy('hot')).toEqual(['/1.0/profiles/default']);
  await expect(daemon.client.pools.renameVolume('default', 'hot', 'cold')).rejects.toThrow('Volume is still in use by running instances');
  await stop('runs');
  await daemon.client.pools.renameVolume('default', 'hot', 'cold');
  expect((await daemon.client.profiles.get('default')).devices.data?.source).toBe('cold');
  await start('runs');
  expect(await said('runs', 'cat /srv/file')).toBe('kept');
  await daemon.client.profiles.replace('default', { description, config, devices: own });
  expect(await said('runs', 'ls -A /srv')).toBe('');
  await daemon.remove('runs');
  await remove('cold');
});

it('a volume that is not there is refused, and the instance is as it was', async () => {
  await make('there');
  await daemon.launchInstance('same', 'busybox');
  const there = volume('there', '/there');
  for (const [wanted, words] of [
    [volume('none', '/x'), 'Failed loading custom volume: Storage volume not found'],
    [volume('there', '/x', { pool: 'none' }), 'Failed to get storage pool "none": Storage pool not found'],
    [volume('there', ''), 'Custom filesystem volumes require a path to be defined'],
    [volume('/there', '/x'), 'Storage volumes cannot be specified as absolute paths'],
    [volume('there', '/x', { size: '1GiB' }), 'Only the root disk may have a size quota'],
  ] as const)
    await expect(devices('same', { there, x: wanted })).rejects.toThrow(words);
  expect(await said('same', 'ls -d /there /x 2>/dev/null')).toBe('');
  expect((await daemon.client.instances.get('same')).devices).toEqual({});
  await daemon.remove('same');
  await remove('there');
});

it('a guest that turns directories of its volume into links leads no copy and no deletion out', async () => {
  await make('sly');
  await daemon.launchInstance('sly', 'busybox', { devices: { data: volume('sly', '/data') } });
  // A mount of its own stays when the volume is taken away.
  const setUp =
    'mkdir -p /keep /data/d/in; mount --bind /data /keep; touch /keep/going; for n in $(seq 40); do echo own > /data/d/in/file$n; done';
  await said('sly', setUp);
  const flip = `while [ -e /keep/going ]; do mv /keep/d /keep/x; ln -s ${victim} /keep/d; rm /keep/d; mv /keep/x /keep/d; done`;
  await said('sly', `(${flip}) >/dev/null 2>&1 </dev/null &`);
  for (let nth = 0; nth < 5; nth++) {
    const source = { pool: 'default', name: 'sly', volume_only: false };
    await daemon.done(daemon.client.pools.copyVolume('default', { name: 'copy', source }));
    const copied = join(daemon.dir, 'storage-pools/default/custom/default_copy/data');
    expect(readdirSync(copied, { recursive: true, withFileTypes: true }).filter(({ name }) => name === 'file0')).toEqual([]);
    await remove('copy');
  }
  await devices('sly', {});
  await remove('sly');
  expect(readdirSync(join(victim, 'in'))).toHaveLength(40);
  await daemon.remove('sly');
  await daemon.restart();
  expect(readdirSync(join(daemon.dir, 'storage-pools/default/unpacking'))).toEqual([]);
  expect(readdirSync(join(victim, 'in'))).toHaveLength(40);
});
