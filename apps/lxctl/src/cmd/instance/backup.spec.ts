import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { lxctl } from '../../testing/lxctl.ts';

let place = '';
beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-export-');
});
afterEach(() => rm(place, { recursive: true }));

const backups = '/1.0/instances/c1/backups';

it('saves an instance to a file, and leaves no backup on the server', async () => {
  const made = { resources: { backups: [`${backups}/backup3`] } };
  const server = new FakeServer()
    .operation(`POST ${backups}`, made)
    .raw(`GET ${backups}/backup3/export`, 'bytes', { 'content-disposition': 'attachment; filename=c1.tar.gz' })
    .operation(`DELETE ${backups}/backup3`);
  const file = join(place, 'c1.tar.zst');
  expect((await lxctl(server, `export c1 ${file} --instance-only --compression zstd`)).out).toBe(`Backup exported to ${file}\n`);
  expect(await readFile(file, 'utf8')).toBe('bytes');
  expect(server.sent(`POST ${backups}`)).toMatchObject([{ name: '', instance_only: true, compression_algorithm: 'zstd' }]);
  expect(server.asked.filter(({ route }) => route.startsWith('DELETE'))).toHaveLength(1);
});

it('makes an instance of a file, under its own name or another', async () => {
  await writeFile(join(place, 'b'), 'bytes');
  const server = new FakeServer().operation('POST /1.0/instances', { resources: { instances: ['/1.0/instances/c1'] } });
  expect((await lxctl(server, `import ${join(place, 'b')}`)).out).toBe('Instance c1 imported\n');
  await lxctl(server, `import ${join(place, 'b')} c2 --storage fast`);
  const headers = server.asked.filter(({ route }) => route === 'POST /1.0/instances').map((each) => each.headers);
  expect(headers).toMatchObject([{ 'content-type': 'application/octet-stream' }, { 'x-lxd-name': 'c2', 'x-lxd-pool': 'fast' }]);
  expect((await lxctl(server, `import ${join(place, 'none')}`)).err).toContain('does not exist');
});
