import { describe, expect, it } from 'vitest';
import { FakeServer } from '../testing/fake-server.ts';
import { lxctl } from '../testing/lxctl.ts';
import { leaves } from '../run/tree.ts';
import { tree } from '../tree.ts';
import { placesOf } from './line.ts';

const server = () =>
  new FakeServer()
    .sync('GET /1.0/instances', ['/1.0/instances/c1', '/1.0/instances/d1?project=x'])
    .sync('GET /1.0/instances?project=p1', ['/1.0/instances/other?project=p1'])
    .sync('GET /1.0/instances/c1', { config: { 'user.a': '1' }, devices: { eth1: {} }, expanded_devices: { eth0: {}, eth1: {} } })
    .sync('GET /1.0/instances/c1/snapshots', ['/1.0/instances/c1/snapshots/snap0'])
    .sync('GET /1.0/images/aliases', ['/1.0/images/aliases/debian'])
    .sync('GET /1.0/images', [`/1.0/images/${'ab'.repeat(32)}`])
    .sync('GET /1.0/profiles', ['/1.0/profiles/default', '/1.0/profiles/gui'])
    .sync('GET /1.0/storage-pools', ['/1.0/storage-pools/default'])
    .sync('GET /1.0/storage-pools/default/volumes/custom', [
      '/1.0/storage-pools/default/volumes/custom/v1',
      '/1.0/storage-pools/default/volumes/custom/v1/snapshots/s0',
    ])
    .sync('GET /1.0/storage-pools/default/volumes/custom/v1/snapshots', ['/1.0/storage-pools/default/volumes/custom/v1/snapshots/s0']);

/** The candidates for the last word. */
async function candidates(words: string[], from = server()): Promise<string[]> {
  const { code, out, err } = await lxctl(from, ['__complete', ...words]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[0] ?? '');
}

describe('completion', () => {
  it.each<[string, string[]]>([
    ['sto', ['stop', 'storage']],
    ['image al', ['alias']],
    ['help image al', ['alias']],
    ['list --for', ['--format', '--force-local']],
    ['list --format j', ['json']],
    ['list --format=j', ['--format=json']],
    ['start c', ['c1']],
    ['start c1 ', ['c1', 'd1']],
    ['start --project p1 ', ['other']],
    ['delete c1/', ['c1/snap0']],
    ['restore c1 ', ['snap0']],
    ['launch d', ['debian']],
    ['launch debian x -p g', ['gui']],
    ['launch debian x -c limits.memory.sw', ['limits.memory.swap=', 'limits.memory.swap.priority=']],
    ['profile assign c1 default,', ['default,default', 'default,gui']],
    ['config device remove c1 ', ['eth1']],
    ['config device override c1 ', ['eth0', 'eth1']],
    ['config set c1 boot.autostart=', ['boot.autostart=true', 'boot.autostart=false']],
    ['config unset c1 user.', ['user.', 'user.a']],
    ['config set core.sh', ['core.shutdown_timeout=']],
    ['storage volume show default ', ['v1', 'v1/s0']],
    ['storage volume restore default v1 ', ['s0']],
    ['storage volume copy default/', ['default/v1', 'default/v1/s0']],
    ['image import ', [':files']],
    ['exec c1 -- ', []],
    ['no such thing ', []],
  ])('of "%s"', async (line, expected) => {
    const found = await candidates(line.split(' '));
    expect(found).toEqual(expect.arrayContaining(expected));
    if (expected.length === 0 || !expected[0]?.includes('limits')) expect(found.length).toBe(expected.length);
  });

  it('tells what a word is', async () => {
    expect((await lxctl(server(), ['__complete', 'laun'])).out).toBe('launch\tCreate an instance from an image and start it\n');
  });

  it('leaves out what the server does not tell, or not soon', async () => {
    expect(await candidates(['start', ''], new FakeServer())).toEqual([]);
    const slow = server();
    const { request } = slow;
    slow.request = (asked) => (asked.path.startsWith('/1.0/instances') ? new Promise(() => {}) : request.call(slow, asked));
    expect(await candidates(['config', 'get', ''], slow)).toContain('core.shutdown_timeout');
  });

  it('knows the usage of every verb as words with a place each', async () => {
    for (const { path, node } of leaves(tree)) {
      const { verb } = await node.load();
      for (const { shape } of placesOf(verb)) expect(`${path.join(' ')}: ${shape}`).toMatch(/: [\w<>[\]|./=:,()-]+$/);
    }
  });
});
