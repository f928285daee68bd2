import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { lxctl } from '../../testing/lxctl.ts';

const directory = mkdtempSync(join(tmpdir(), 'lxctl-image-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = (name: string, content = '') => {
  if (content) writeFileSync(join(directory, name), content);
  return join(directory, name);
};

const image = {
  fingerprint: 'f00dfacef00dface',
  aliases: [
    { name: 'debian/12', description: '' },
    { name: 'deb', description: '' },
  ],
  properties: { description: 'Debian 12', os: 'Debian' },
  architecture: 'x86_64',
  size: 1048576,
  type: 'container',
  public: false,
  cached: false,
  auto_update: false,
  profiles: [],
  created_at: '0001-01-01T00:00:00Z',
  expires_at: '0001-01-01T00:00:00Z',
  last_used_at: '0001-01-01T00:00:00Z',
  uploaded_at: '2026-01-01T10:00:00Z',
};

describe('image', () => {
  it('lists by alias, property and fingerprint', async () => {
    const server = new FakeServer().sync('GET /1.0/images?recursion=1', [image]);
    const line = 'deb (1 more),f00dfacef00d,no,Debian 12,x86_64,CONTAINER,1.00MiB,2026/01/01 10:00 UTC\n';
    for (const filter of ['', 'os=debian', 'f00d', 'debian/']) expect((await lxctl(server, `image list -f csv ${filter}`)).out).toBe(line);
    expect((await lxctl(server, 'image list -f csv os=arch')).out).toBe('');
  });

  it('shows what is known of one', async () => {
    const server = new FakeServer().sync('GET /1.0/images/aliases/deb', { target: 'f00d' }).sync('GET /1.0/images/f00d', image);
    expect((await lxctl(server, 'image info deb')).out).toContain('    Expires: never\n');
    expect((await lxctl(server, 'image show deb')).out).toContain('properties:\n  description: Debian 12\n');
    expect((await lxctl(server, 'image info nope')).err).toBe('Error: Image "nope" not found\n');
  });

  it('imports one file and takes an alias over', async () => {
    const server = new FakeServer()
      .operation('POST /1.0/images', { metadata: { fingerprint: 'f00d' } })
      .sync('GET /1.0/images/aliases?recursion=1', [{ name: 'bb', target: 'old' }])
      .sync('DELETE /1.0/images/aliases/bb', {})
      .sync('POST /1.0/images/aliases', {});
    const outcome = await lxctl(server, ['image', 'import', file('bb.tar', 'BYTES'), '--alias', 'bb', '--public', 'os=bb']);
    expect(outcome).toEqual({ code: 0, out: 'Image imported with fingerprint: f00d\n', err: '' });
    expect(server.asked[0]).toMatchObject({
      body: 'BYTES',
      headers: { 'x-lxd-filename': 'bb.tar', 'x-lxd-public': 'true', 'x-lxd-properties': 'os=bb' },
    });
    expect(server.sent('POST /1.0/images/aliases')).toEqual([{ name: 'bb', target: 'f00d', description: '' }]);
  });

  it('imports two files, and tells what cannot be read', async () => {
    const server = new FakeServer().operation('POST /1.0/images', { metadata: { fingerprint: 'f00d' } });
    await lxctl(server, ['image', 'import', file('meta.tar', 'META'), file('root.squashfs', 'ROOT')]);
    expect(server.asked[0]?.body).toMatch(
      /name="metadata"; filename="meta.tar"[\s\S]*META[\s\S]*name="rootfs"; filename="root.squashfs"[\s\S]*ROOT/,
    );
    expect((await lxctl(server, ['image', 'import', file('none')])).err).toContain('none does not exist');
    expect((await lxctl(server, ['image', 'import', directory])).err).toContain('has no metadata.yaml');
  });

  it('exports one file and two', async () => {
    const server = new FakeServer().sync('GET /1.0/images/aliases/bb', { target: 'f00d' }).raw('GET /1.0/images/f00d/export', 'BYTES', {
      'content-disposition': 'inline;filename="../bb.tar"',
      'content-type': 'application/octet-stream',
    });
    expect((await lxctl(server, ['image', 'export', 'bb', directory])).out).toBe(`Image exported to ${file('bb.tar')}\n`);
    expect(readFileSync(file('bb.tar'), 'utf8')).toBe('BYTES');
    expect((await lxctl(server, ['image', 'export', 'bb', file('mine')])).out).toBe(`Image exported to ${file('mine.tar')}\n`);
    expect((await lxctl(server, ['image', 'export', 'bb', file('my.tar')])).out).toBe(`Image exported to ${file('my.tar')}\n`);
    const part = (name: string, filename: string, text: string) =>
      `--B\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\n\r\n${text}\r\n`;
    server.raw('GET /1.0/images/f00d/export', `${part('metadata', 'm.tar', 'META')}${part('rootfs', 'r.sq', 'ROOT')}--B--\r\n`, {
      'content-type': 'multipart/form-data; boundary=B',
    });
    await lxctl(server, ['image', 'export', 'bb', file('split')]);
    expect([readFileSync(file('split'), 'utf8'), readFileSync(file('split.root'), 'utf8')]).toEqual(['META', 'ROOT']);
  });

  it('shows and changes properties', async () => {
    const { auto_update, properties, public: isPublic, expires_at, profiles } = image;
    const writable = { auto_update, properties, public: isPublic, expires_at, profiles };
    const server = new FakeServer()
      .sync('GET /1.0/images/aliases/deb', { target: 'f00d' })
      .sync('GET /1.0/images/f00d', image, '"etag"')
      .sync('PUT /1.0/images/f00d', {});
    expect((await lxctl(server, 'image get-property deb os')).out).toBe('Debian\n');
    expect((await lxctl(server, 'image get-property deb nope')).err).toBe('Error: Property "nope" not found\n');
    expect((await lxctl(server, 'image unset-property deb nope')).err).toBe('Error: Property "nope" not found\n');
    await lxctl(server, ['image', 'set-property', 'deb', 'description', 'Our base']);
    await lxctl(server, 'image unset-property deb os');
    await lxctl(server, 'image edit deb', (io) => {
      io.document = 'public: true\nproperties:\n  os: Edited\n';
    });
    expect(server.sent('PUT /1.0/images/f00d')).toEqual([
      { ...writable, properties: { os: 'Debian', description: 'Our base' } },
      { ...writable, properties: { description: 'Debian 12' } },
      { public: true, properties: { os: 'Edited' } },
    ]);
    const odd = await lxctl(server, 'image edit deb', (io) => {
      io.document = 'publik: true\n';
    });
    expect(odd.err).toContain('Unknown field: publik');
  });

  it('manages aliases', async () => {
    const server = new FakeServer()
      .sync('GET /1.0/images/aliases?recursion=1', [{ name: 'bb', target: 'f00dfacef00dface', type: 'container', description: '' }])
      .sync('GET /1.0/images/f00d', image)
      .sync('POST /1.0/images/aliases', {})
      .sync('POST /1.0/images/aliases/a%2Fb', {});
    expect((await lxctl(server, 'image alias list -f csv')).out).toBe('bb,f00dfacef00d,CONTAINER,\n');
    await lxctl(server, 'image alias create new f00d');
    await lxctl(server, 'image alias rename a/b c');
    expect(server.sent('POST /1.0/images/aliases')).toEqual([{ name: 'new', target: 'f00dfacef00dface', description: '' }]);
    expect(server.sent('POST /1.0/images/aliases/a%2Fb')).toEqual([{ name: 'c' }]);
  });
});
