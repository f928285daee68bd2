import { expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { instance } from '../../testing/instance.ts';
import { lxctl } from '../../testing/lxctl.ts';

const list = '/1.0/instances/c1/snapshots';

it('takes snapshots, with and without a name, kept for ever, and in place of another', async () => {
  const server = new FakeServer().operation(`POST ${list}`).operation(`DELETE ${list}/s`);
  for (const words of ['snapshot c1', 'snapshot c1 s', 'snapshot c1 s --no-expiry --reuse'])
    expect(await lxctl(server, words)).toEqual({ code: 0, out: '', err: '' });
  expect(server.sent(`POST ${list}`)).toEqual([
    { name: '', stateful: false },
    { name: 's', stateful: false },
    { name: 's', stateful: false, expires_at: '0001-01-01T00:00:00Z' },
  ]);
  expect(server.asked.filter(({ route }) => route.startsWith('DELETE'))).toHaveLength(1);
  expect((await lxctl(server, 'snapshot c1 --stateful')).err).toBe('Error: Stateful snapshots are not supported\n');
});

it('with --reuse goes on where there is none to replace', async () => {
  const server = new FakeServer()
    .error(`DELETE ${list}/s`, 404, 'Instance snapshot not found')
    .sync('GET /1.0/instances/c1', instance())
    .operation(`POST ${list}`);
  expect((await lxctl(server, 'snapshot c1 s --reuse')).code).toBe(0);
});

it('restores', async () => {
  const server = new FakeServer().operation('PUT /1.0/instances/c1');
  expect((await lxctl(server, 'restore c1 s')).code).toBe(0);
  expect(server.sent('PUT /1.0/instances/c1')).toEqual([{ restore: 's' }]);
});

it('renames and deletes snapshots by the names of both', async () => {
  const server = new FakeServer().operation(`POST ${list}/s`).operation(`DELETE ${list}/t`);
  for (const words of ['rename c1/s c1/t', 'rename c1/s t', 'delete c1/t']) expect((await lxctl(server, words)).code).toBe(0);
  expect(server.sent(`POST ${list}/s`)).toEqual([{ name: 't' }, { name: 't' }]);
  expect((await lxctl(server, 'rename c1/s c2/t')).err).toContain('stays with its instance');
  expect((await lxctl(server, 'rename c1 c2/t')).err).toContain('cannot become a snapshot');
});

it('copies an instance or a snapshot of one, with changes', async () => {
  const server = new FakeServer().sync('GET /1.0/instances/c1', instance()).operation('POST /1.0/instances');
  expect((await lxctl(server, 'copy c1 c2')).code).toBe(0);
  expect((await lxctl(server, 'cp c1/s c3 -c user.a=1 -e --instance-only --no-profiles')).code).toBe(0);
  expect(server.sent('POST /1.0/instances')).toEqual([
    {
      name: 'c2',
      config: {},
      devices: {},
      profiles: ['default'],
      ephemeral: false,
      source: { type: 'copy', source: 'c1', instance_only: false },
    },
    {
      name: 'c3',
      config: { 'user.a': '1' },
      devices: {},
      profiles: [],
      ephemeral: true,
      source: { type: 'copy', source: 'c1/s', instance_only: true },
    },
  ]);
  expect((await lxctl(server, 'copy c1 c2 --refresh')).code).toBe(0);
  expect(server.sent('POST /1.0/instances').at(-1)).toMatchObject({ name: 'c2', source: { type: 'copy', source: 'c1', refresh: true } });
});

it('moves by another name', async () => {
  const server = new FakeServer().operation('POST /1.0/instances/c1');
  expect((await lxctl(server, 'move c1 c2')).code).toBe(0);
  expect(server.sent('POST /1.0/instances/c1')).toEqual([{ name: 'c2' }]);
});
