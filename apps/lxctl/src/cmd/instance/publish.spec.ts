import { expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { instance } from '../../testing/instance.ts';
import { lxctl } from '../../testing/lxctl.ts';

const fingerprint = 'ab'.repeat(32);
const server = (status: 'Stopped' | 'Running') =>
  new FakeServer()
    .sync('GET /1.0/instances/c1', instance({ status }))
    .operation('PUT /1.0/instances/c1/state')
    .operation('POST /1.0/images', { metadata: { fingerprint } });
const out = `Instance published with fingerprint: ${fingerprint}\n`;

it('publishes what is stopped, and snapshots, as it is told', async () => {
  const one = server('Stopped');
  expect(await lxctl(one, 'publish c1')).toEqual({ code: 0, out, err: '' });
  expect((await lxctl(one, 'publish c1/s1 a=b --public --compression zstd --expire 2031-01-02T03:04:05Z')).out).toBe(out);
  expect(one.sent('POST /1.0/images')).toEqual([
    { source: { type: 'instance', name: 'c1' }, properties: {}, public: false },
    {
      source: { type: 'snapshot', name: 'c1/s1' },
      properties: { a: 'b' },
      public: true,
      compression_algorithm: 'zstd',
      expires_at: '2031-01-02T03:04:05Z',
    },
  ]);
});

it('stops what runs only by force, and starts it again', async () => {
  const one = server('Running');
  expect((await lxctl(one, 'publish c1')).err).toContain('Use --force to have it stopped and restarted');
  expect(one.sent('POST /1.0/images')).toEqual([]);
  expect((await lxctl(one, 'publish c1 --force')).out).toBe(out);
  expect(one.sent('PUT /1.0/instances/c1/state')).toMatchObject([{ action: 'stop' }, { action: 'start' }]);
});
