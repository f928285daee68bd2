import { describe, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { lxctl } from '../../testing/lxctl.ts';

const id = '24cf9b8e-5ed8-4480-b460-365db9a5d023';
const warning = {
  uuid: id,
  status: 'new',
  severity: 'low',
  type: 'Failed to autostart instance',
  location: 'none',
  project: 'default',
  count: 2,
  first_seen_at: '2026-01-01T10:00:00Z',
  last_seen_at: '2026-01-02T10:00:00Z',
  last_message: 'no',
  entity_url: '/1.0/instances/c1',
};
const server = () =>
  new FakeServer()
    .sync('GET /1.0/warnings?recursion=1', [warning, { ...warning, uuid: 'other', status: 'acknowledged' }])
    .sync(`GET /1.0/warnings/${id}`, warning)
    .sync(`PUT /1.0/warnings/${id}`, {})
    .sync(`DELETE /1.0/warnings/${id}`, {})
    .sync('DELETE /1.0/warnings/other', {});

describe('warning', () => {
  it('lists those that are new, or all', async () => {
    const line = (uuid: string, status: string) => `${uuid},Failed to autostart instance,${status},LOW,2,default,2026/01/02 10:00 UTC\n`;
    expect((await lxctl(server(), 'warning list -f csv')).out).toBe(line(id, 'NEW'));
    expect((await lxctl(server(), 'warning list -a -f csv')).out).toBe(line(id, 'NEW') + line('other', 'ACKNOWLEDGED'));
    expect((await lxctl(server(), 'warning list -f csv -c f,L')).out).toBe('2026/01/01 10:00 UTC,none\n');
    expect((await lxctl(server(), 'warning list -c z')).err).toContain('Unknown column "z"');
  });

  it('shows one, acknowledges it, and deletes it or all', async () => {
    expect((await lxctl(server(), `warning show ${id}`)).out).toContain('last_message: "no"\n');
    const asked = server();
    expect(await lxctl(asked, `warning ack ${id}`)).toEqual({ code: 0, out: '', err: '' });
    expect(asked.sent(`PUT /1.0/warnings/${id}`)).toEqual([{ status: 'acknowledged' }]);
    expect(await lxctl(asked, `warning rm ${id}`)).toEqual({ code: 0, out: '', err: '' });
    expect(await lxctl(asked, 'warning delete --all')).toEqual({ code: 0, out: '', err: '' });
    expect(asked.sent(`DELETE /1.0/warnings/${id}`)).toHaveLength(2);
    expect(asked.sent('DELETE /1.0/warnings/other')).toHaveLength(1);
    expect((await lxctl(asked, 'warning delete')).code).not.toBe(0);
  });
});
