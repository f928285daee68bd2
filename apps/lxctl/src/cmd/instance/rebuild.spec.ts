import { expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { instance } from '../../testing/instance.ts';
import { lxctl } from '../../testing/lxctl.ts';

const rebuild = 'POST /1.0/instances/c1/rebuild';
const state = 'PUT /1.0/instances/c1/state';
const server = (of: Parameters<typeof instance>[0]) =>
  new FakeServer()
    .sync('GET /1.0', { api_extensions: ['instance_create_recipe'] })
    .sync('GET /1.0/instances/c1', instance(of))
    .operation(rebuild)
    .operation(state);

it('rebuilds from an image, a recipe, or as empty', async () => {
  const asked = server({ status: 'Stopped' });
  expect(await lxctl(asked, 'rebuild build:busybox c1')).toEqual({ code: 0, out: '', err: '' });
  expect(await lxctl(asked, 'rebuild --empty c1')).toEqual({ code: 0, out: '', err: '' });
  expect(asked.sent(rebuild)).toEqual([{ source: { type: 'image', protocol: 'recipe', alias: 'busybox' } }, { source: { type: 'none' } }]);
  expect(asked.sent(state)).toEqual([]);
});

it('stops what runs, and starts it again, where it is forced to', async () => {
  const asked = server({ status: 'Running' });
  expect((await lxctl(asked, 'rebuild build:busybox c1')).err).toContain('stop it first or pass --force');
  expect(asked.sent(rebuild)).toEqual([]);
  expect((await lxctl(asked, 'rebuild --force build:busybox c1')).code).toBe(0);
  expect(asked.sent(state)).toMatchObject([{ action: 'stop', force: true }, { action: 'start' }]);
  const ephemeral = server({ status: 'Running', ephemeral: true });
  expect((await lxctl(ephemeral, 'rebuild --force build:busybox c1')).err).toContain('ephemeral');
  expect(ephemeral.sent(state)).toEqual([]);
});

it('wants an image and an instance, or an instance alone', async () => {
  const asked = server({ status: 'Stopped' });
  expect((await lxctl(asked, 'rebuild c1')).err).toContain('an image and an instance (or --empty)');
  expect((await lxctl(asked, 'rebuild --empty build:busybox c1')).err).toContain('no image');
});
