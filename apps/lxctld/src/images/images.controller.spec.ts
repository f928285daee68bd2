import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WireOperation } from '#lib/contract';
import { OperationEngine } from '#lib/engine';
import { imageOperations } from '#lib/image';
import { goodMetadata, writeSample } from '../../../../libs/archive/src/testing/samples.ts';
import { goodUnified, localImages } from '../../../../libs/image/src/testing/archive-samples.ts';
import { MemoryStore } from '../../../../libs/store/src/fake/index.ts';
import { type Method, type RimServer, serveRim } from '../testing/rim-server.ts';
import { ENGINE, IMAGE_OPERATIONS, IMAGES, STORE } from '../tokens.ts';
import { AliasesController } from './aliases.controller.ts';
import { ImagesController } from './images.controller.ts';

let place = '';
let store: MemoryStore;
let engine: OperationEngine;
let rim: RimServer;
let events: string[];
let dropped: string[];

beforeEach(async () => {
  place = await mkdtemp('/tmp/lxctl-images-api-');
  store = new MemoryStore();
  events = [];
  dropped = [];
  engine = new OperationEngine({ store, report: () => {} });
  engine.events.subscribe((event) => {
    if (event.type === 'lifecycle') events.push((event.metadata as { action: string }).action);
  });
  const recipe = { name: 'none', aliases: [], serial: async () => '1', build: async () => Promise.reject(new Error('no build here')) };
  const images = localImages({ stateDir: place, store, recipes: [recipe] });
  await images.prepare();
  const operations = imageOperations(images, { drop: async (fingerprint) => void dropped.push(fingerprint) }, engine.events);
  engine.register(operations.create);
  engine.register(operations.delete);
  const providers = [
    { provide: IMAGES, useValue: images },
    { provide: IMAGE_OPERATIONS, useValue: operations },
    { provide: STORE, useValue: store },
    { provide: ENGINE, useValue: engine },
  ];
  rim = await serveRim({ controllers: [AliasesController, ImagesController], providers });
});
afterEach(async () => {
  await rim.close();
  await rm(place, { recursive: true, force: true });
});

const call = (method: Method, path: string, body?: object, headers: Record<string, string> = {}) =>
  rim.call(method, `/1.0/images${path}`, body, headers);
const finished = (operation: Record<string, unknown>) => engine.wait(String(operation.id)) as Promise<WireOperation>;

async function sample(members = goodUnified): Promise<Buffer> {
  await writeSample(join(place, 'sample'), members);
  return readFile(join(place, 'sample'));
}
async function upload(bytes: Buffer, headers: Record<string, string> = {}): Promise<string> {
  const { status, metadata, error } = await call('POST', '', bytes, { 'content-type': 'application/octet-stream', ...headers });
  expect([status, error]).toEqual([202, '']);
  const done = await finished(metadata);
  expect(done).toMatchObject({ status_code: 200, metadata: { size: String(bytes.length) } });
  return String(done.metadata?.fingerprint);
}

function form(parts: [name: string, bytes: Buffer][]): Buffer {
  const chunks = parts.map(([name, bytes]) =>
    Buffer.concat([
      Buffer.from(`--XX\r\nContent-Disposition: form-data; name="${name}"; filename="f"\r\nContent-Type: x\r\n\r\n`),
      bytes,
      Buffer.from('\r\n'),
    ]),
  );
  return Buffer.concat([...chunks, Buffer.from('--XX--\r\n')]);
}
const formType = { 'content-type': 'multipart/form-data; boundary=XX' };

describe('/1.0/images', () => {
  it('takes a unified upload with its headers and shows it', async () => {
    const bytes = await sample();
    const fingerprint = await upload(bytes, {
      'x-lxd-filename': 'a.tar.gz',
      'x-lxd-public': '1',
      'x-lxd-properties': 'os=X&note=a+b%26c',
      'x-incus-aliases': 'alias=one&alias=two%2Fthree',
    });
    const { metadata, headers } = await call('GET', `/${fingerprint.slice(0, 12)}`);
    expect(metadata).toMatchObject({
      fingerprint,
      filename: 'a.tar.gz',
      public: true,
      size: bytes.length,
      type: 'container',
      properties: { os: 'X', note: 'a b&c', release: '1' },
      profiles: ['default'],
      aliases: [
        { name: 'one', description: '' },
        { name: 'two/three', description: '' },
      ],
      created_at: '2023-11-14T22:13:20.000Z',
      expires_at: '0001-01-01T00:00:00Z',
    });
    expect(headers.etag).toMatch(/^"[0-9a-f]{64}"$/);
    expect((await call('GET', '?filter=')).metadata).toEqual([`/1.0/images/${fingerprint}`]);
    expect((await call('GET', '?recursion=1&filter=properties.os+eq+x')).metadata).toHaveLength(1);
    expect((await call('GET', '?recursion=1&filter=properties.os+eq+y')).metadata).toEqual([]);
    expect(events).toContain('image-created');
  });

  it.each(['application/x-www-form-urlencoded', 'text/plain', 'application/gzip'])(
    'takes the bytes of a file that calls itself %s',
    async (type) => {
      const bytes = await sample();
      await upload(bytes, { 'content-type': type });
    },
  );

  it.each([1, 700, 100_000])('takes chunks of %i bytes without any content type, and JSON all the same', async (size) => {
    const bytes = await sample();
    const send = (body: Buffer, headers: Record<string, string> = {}) =>
      new Promise<{ status: number; body: { error: string; metadata: Record<string, unknown> } }>((resolve, reject) => {
        const request = http.request(
          { host: '127.0.0.1', port: rim.port, path: '/1.0/images', method: 'POST', headers },
          async (answer) => {
            const text = Buffer.concat(await answer.toArray()).toString();
            resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) });
          },
        );
        request.on('error', reject);
        for (let at = 0; at < body.length; at += size) request.write(body.subarray(at, at + size));
        request.end();
      });
    const { status, body } = await send(bytes);
    expect(status).toBe(202);
    expect(await finished(body.metadata)).toMatchObject({ status_code: 200, metadata: { size: String(bytes.length) } });
    const json = Buffer.from(' {"source":{"type":"recipe","name":"nope"}}');
    for (const type of ['text/plain', 'application/json']) expect((await send(json, { 'content-type': type })).status).toBe(202);
    expect((await send(json)).status).toBe(202);
    expect((await send(Buffer.from('[1]'), { 'content-type': 'application/json' })).body.error).toMatch(/not valid JSON/);
    expect((await send(Buffer.from('rubbish'))).body.error).toMatch(/the file is not an archive/);
    expect((await send(Buffer.alloc(0))).status).toBe(400);
  });

  it('gives back what was uploaded', async () => {
    const bytes = await sample();
    const fingerprint = await upload(bytes);
    const { headers, content } = await rim.bytes(`/1.0/images/${fingerprint}/export`);
    expect(content.equals(bytes)).toBe(true);
    expect(headers['content-disposition']).toBe(`attachment; filename=${fingerprint}.tar.gz`);
  });

  it('takes and gives a split image', async () => {
    const metadata = await sample([[{ name: 'metadata.yaml' }, goodMetadata]]);
    const rootfs = await sample([[{ name: './etc/', type: 'directory' }], [{ name: './etc/motd' }, 'x\r\n--X'.repeat(50_000)]]);
    const answer = await call(
      'POST',
      '',
      form([
        ['metadata', metadata],
        ['rootfs', rootfs],
      ]),
      formType,
    );
    const { metadata: done } = await finished(answer.metadata);
    const out = await rim.bytes(`/1.0/images/${String(done?.fingerprint)}/export`);
    const again = await call('DELETE', `/${String(done?.fingerprint)}`);
    await finished(again.metadata);
    const back = await call('POST', '', out.content, { 'content-type': String(out.headers['content-type']) });
    expect((await finished(back.metadata)).metadata?.fingerprint).toBe(done?.fingerprint);
    expect(Number(out.headers['content-length'])).toBe(out.content.length);
  });

  it.each<[string, [string, Buffer][], Record<string, string>, string]>([
    ['a form without rootfs', [['metadata', Buffer.from('x')]], formType, 'the part "rootfs" is missing'],
    ['parts in the wrong order', [['rootfs', Buffer.from('x')]], formType, 'the part "metadata" is expected'],
    ['a form without a boundary', [], { 'content-type': 'multipart/form-data' }, 'the content type has no boundary'],
    [
      'a form with another boundary',
      [['metadata', Buffer.from('x')]],
      { 'content-type': 'multipart/form-data; boundary=YY' },
      'it is cut short',
    ],
    [
      'an image of a virtual machine',
      [
        ['metadata', Buffer.from('x')],
        ['rootfs.img', Buffer.from('x')],
      ],
      formType,
      'virtual machines',
    ],
  ])('refuses %s', async (_what, parts, headers, text) => {
    const { status, error } = await call('POST', '', form(parts), headers);
    expect([status, error]).toEqual([400, expect.stringContaining(text)]);
    expect(await readdir(join(place, 'images/incoming'))).toEqual([]);
  });

  it('refuses bad and known archives before it answers', async () => {
    const octets = { 'content-type': 'application/octet-stream' };
    expect(await call('POST', '', Buffer.from('hello'), octets)).toMatchObject({
      status: 400,
      error: expect.stringContaining('not an archive'),
    });
    const bytes = await sample();
    await upload(bytes);
    expect(await call('POST', '', bytes, octets)).toMatchObject({ status: 409, error: 'Image with same fingerprint already exists' });
    expect(await call('POST', '', bytes, { ...octets, 'x-lxd-fingerprint': 'ab' })).toMatchObject({ status: 400 });
    expect(await call('POST', '', bytes, { ...octets, 'x-lxd-profiles': 'profile=nope' })).toMatchObject({
      status: 400,
      error: "Profile 'nope' doesn't exist",
    });
  });

  it('refuses sources it does not have', async () => {
    expect(await call('POST', '', { source: { type: 'image', alias: 'x' } })).toMatchObject({
      status: 400,
      error: expect.stringContaining('Not supported by this server'),
    });
    const { metadata } = await call('POST', '', { source: { type: 'recipe', name: 'plan9' } });
    expect(await finished(metadata)).toMatchObject({ status_code: 400, err: expect.stringContaining('No image recipe "plan9"') });
  });

  it('changes what may be changed', async () => {
    const fingerprint = await upload(await sample());
    const { headers } = await call('GET', `/${fingerprint}`);
    const etag = { 'if-match': String(headers.etag) };
    expect((await call('PATCH', `/${fingerprint}`, { properties: { a: 'b' }, public: true }, etag)).status).toBe(200);
    expect((await call('PATCH', `/${fingerprint}`, { properties: {} }, etag)).status).toBe(412);
    expect((await call('GET', `/${fingerprint}`)).metadata).toMatchObject({ public: true, properties: { a: 'b', os: 'Test' } });
    expect((await call('PUT', `/${fingerprint}`, { properties: { c: 'd' }, expires_at: '2030-01-01T00:00:00Z' })).status).toBe(200);
    expect((await call('GET', `/${fingerprint}`)).metadata).toMatchObject({
      public: false,
      properties: { c: 'd' },
      expires_at: '2030-01-01T00:00:00.000Z',
    });
    expect(await call('PUT', `/${fingerprint}`, { expires_at: 'soon' })).toMatchObject({ status: 400 });
  });

  it('deletes row, aliases, files and trees', async () => {
    const fingerprint = await upload(await sample(), { 'x-incus-aliases': 'alias=one' });
    const { metadata, status } = await call('DELETE', `/${fingerprint.slice(0, 12)}`);
    expect(status).toBe(202);
    await finished(metadata);
    expect((await call('GET', `/${fingerprint}`)).status).toBe(404);
    expect((await call('GET', '/aliases/one')).status).toBe(404);
    expect(dropped).toEqual([fingerprint]);
    expect((await readdir(join(place, 'images'))).sort()).toEqual(['incoming', 'trees']);
  });
});

describe('/1.0/images/aliases', () => {
  it('makes, shows, changes, renames and removes them, with slashes', async () => {
    const target = await upload(await sample());
    const made = await call('POST', '/aliases', { name: 'debian/12', target, description: 'x' });
    expect([made.status, made.headers.location]).toEqual([201, '/1.0/images/aliases/debian%2F12']);
    for (const path of ['/aliases/debian%2F12', '/aliases/debian/12']) {
      expect((await call('GET', path)).metadata).toEqual({ name: 'debian/12', description: 'x', target, type: 'container' });
    }
    expect((await call('PATCH', '/aliases/debian%2F12', { description: 'y' })).status).toBe(200);
    expect((await call('POST', '/aliases/debian%2F12', { name: 'd' })).status).toBe(201);
    expect((await call('GET', '/aliases?recursion=1')).metadata).toEqual([{ name: 'd', description: 'y', target, type: 'container' }]);
    expect((await call('DELETE', '/aliases/d')).status).toBe(200);
    expect(await call('GET', '/aliases/d')).toMatchObject({ status: 404, error: 'Image alias not found' });
    expect(events.filter((action) => action.startsWith('image-alias'))).toEqual([
      'image-alias-created',
      'image-alias-updated',
      'image-alias-renamed',
      'image-alias-deleted',
    ]);
  });
});
