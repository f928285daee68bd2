import { expect, it } from 'vitest';
import { FakeServer } from '../../../testing/fake-server.ts';
import { lxctl } from '../../../testing/lxctl.ts';

it('shows a volume of the type that is named, a custom one otherwise', async () => {
  const server = new FakeServer()
    .sync('GET /1.0/storage-pools/default/volumes/container/c1', { name: 'c1', type: 'container', config: {} })
    .error('GET /1.0/storage-pools/default/volumes/custom/c1', 404, 'Storage pool volume not found');
  expect((await lxctl(server, 'storage volume show default container/c1')).out).toBe('name: c1\ntype: container\nconfig: {}\n');
  expect((await lxctl(server, 'storage volume show local:default c1')).err).toBe('Error: Storage pool volume not found\n');
  expect((await lxctl(server, 'storage volume show default vm/c1')).err).toContain('its type is one of container');
});
