import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allControllers } from '../app.module.ts';
import { uploadRequest } from '../images/upload.ts';
import { BULK_STATE } from '../instances/bulk-state.ts';
import * as instanceTokens from '../instances/tokens.ts';
import { type Method, type RimServer, serveRim } from '../testing/rim-server.ts';
import * as tokens from '../tokens.ts';
import { refuseUnstorable } from './text.ts';

const values = [...Object.values(tokens), ...Object.values(instanceTokens), BULK_STATE];
let rim: RimServer;
beforeAll(async () => {
  rim = await serveRim({ controllers: allControllers, providers: values.map((provide) => ({ provide, useValue: {} })) });
});
afterAll(() => rim.close());

/** As a client would write it: JSON lets half a pair through as an escape. */
const bodies: [body: string, field: string][] = [
  ['{"description":"\\ud800"}', 'Invalid value for "description": it holds half of a surrogate pair'],
  ['{"name":"a\\u0000b"}', 'Invalid value for "name": it holds a NUL character'],
  ['{"command":["echo","\\udc00x"]}', 'Invalid value for "command[1]": it holds half of a surrogate pair'],
  ['{"config":{"user.a":"x\\ud83d"}}', 'Invalid value for "config.user.a": it holds half of a surrogate pair'],
  ['{"config":{"user.\\u0000":"x"}}', 'Invalid name "user.\\u0000" in "config": it holds a NUL character'],
  ['{"\\udfff":1}', 'Invalid name "\\udfff": it holds half of a surrogate pair'],
  ['{"devices":{"eth0":{"name":"\\ud800"}}}', 'Invalid value for "devices.eth0.name": it holds half of a surrogate pair'],
  ['{"a":[[{"b":{"c":["\\u0000"]}}]]}', 'Invalid value for "a[0][0].b.c[0]": it holds a NUL character'],
];

describe('text that the database cannot hold', () => {
  it('is refused in the body of every endpoint, naming the field', async () => {
    // Whose body is a file.
    const files = ['/1.0/instances/:name/metadata/templates', '/1.0/instances/:name/files'];
    const routes = rim.routes.all.filter(({ method, path }) => /POST|PUT|PATCH/.test(method) && !files.includes(path));
    expect(routes.length).toBeGreaterThan(20);
    for (const { method, path } of routes) {
      const url = path.replaceAll(/:\w+/g, 'x').replaceAll('*', 'x');
      for (const [body, problem] of bodies) {
        const { status, error } = await rim.call(method as Method, url, body, { 'content-type': 'application/json' });
        expect([method, path, status, error]).toEqual([method, path, 400, problem]);
      }
    }
  });

  it('is refused in every path and query', async () => {
    for (const { method, path } of rim.routes.all.filter((route) => route.method !== 'HEAD')) {
      const url = path.replaceAll(/:\w+/g, 'a%00b').replaceAll('*', 'a%00b');
      if (url !== path) expect([path, (await rim.call(method as Method, url)).status]).toEqual([path, 400]);
      expect([path, (await rim.call(method as Method, `${path}?filter=a%00b`)).status]).toEqual([path, 400]);
    }
    // Halves of pairs have no percent encoding: what stands for one is no UTF-8.
    expect((await rim.call('GET', '/1.0/instances/%ED%A0%80')).status).toBe(400);
  });

  it('is refused in the headers of an upload', () => {
    expect(() => uploadRequest('default', { 'x-lxd-properties': 'os=a%00b' })).toThrow('"headers.properties.os"');
    expect(() => uploadRequest('default', { 'x-incus-aliases': 'alias=a%00' })).toThrow('"headers.aliases[0].name"');
  });

  it('names every field that has some', () => {
    expect(() => refuseUnstorable({ a: '\0', b: ['x', '\ud800'] })).toThrow(
      'Invalid value for "a": it holds a NUL character; Invalid value for "b[1]": it holds half of a surrogate pair',
    );
  });

  it('leaves whole pairs and other control characters alone', () => {
    expect(() => refuseUnstorable({ a: '😀 \x1b\n\t', '😀': ['é'] })).not.toThrow();
  });

  it('is found however deep it lies', async () => {
    const depth = 100_000;
    const body = `${'{"a":'.repeat(depth)}"\\u0000"${'}'.repeat(depth)}`;
    const { status } = await rim.call('POST', '/1.0/instances', body, { 'content-type': 'application/json' });
    expect(status).toBe(400);
  });
});
