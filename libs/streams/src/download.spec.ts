import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { download } from './download.ts';
import { breakAfter, FileServer } from './testing/file-server.ts';
import { loopbackCertificate } from './testing/certificate.ts';
import { openWeb } from './web/undici-web.ts';
import type { Web, WebSettings } from './web/web.ts';

const proxies = { http: null, https: null, ignore: '*' };
const file = Buffer.alloc(300_000, 'some bytes ');
let server: FileServer;
let web: Web;
beforeAll(async () => {
  server = await FileServer.start();
  web = await openWeb({ certificate: server.cert, proxies });
});
afterAll(async () => {
  await web[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(() => {
  server.files.clear();
  server.instead.clear();
  server.asked.length = 0;
  server.put('file', file);
});

const at = (path: string) => new URL(path, server.url);
const signal = new AbortController().signal;
async function got(size = file.length, url = at('file'), of = web): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of download(of, { url, size, signal, pauseMs: 1 })) chunks.push(chunk);
  return Buffer.concat(chunks);
}
async function open<T>(settings: Partial<WebSettings>, use: (web: Web) => Promise<T>): Promise<T> {
  await using other = await openWeb({ certificate: server.cert, proxies, ...settings });
  return await use(other);
}

describe('a download', () => {
  it('is the file', async () => {
    expect((await got()).equals(file)).toBe(true);
    expect(server.asked).toEqual(['file']);
  });

  it('goes on where it broke, by ranges', async () => {
    server.answer('file', (_, response) => {
      response.writeHead(200, { 'content-length': file.length });
      response.write(file.subarray(0, 100_000), () => response.socket?.destroy());
    });
    expect((await got()).equals(file)).toBe(true);
    expect(server.asked[1]).toMatch(/^file bytes=\d+-$/);
    expect(server.asked.length).toBe(2);
  });

  it('goes on where the server has no ranges, or another tag by now', async () => {
    server.answer('file', breakAfter(file, 120_000));
    expect((await got()).equals(file)).toBe(true);
  });

  it('waits for a server that is busy', async () => {
    server.answer('file', (_, response) => response.writeHead(503).end());
    expect((await got()).length).toBe(file.length);
  });

  it('fails when it breaks again and again, and says where', async () => {
    server.answer('file', ...Array.from({ length: 9 }, () => breakAfter(file, 10)));
    await expect(got()).rejects.toMatchObject({
      code: 'image.download_failed',
      message: expect.stringContaining(`${server.url}/file: it closed the connection`),
    });
    expect(server.asked.length).toBe(5);
  });

  it.each([
    ['a file that is not there', 'other', file.length, 'it answers 404'],
    ['more bytes than were announced', 'file', 1000, 'it sends more than the 1000 bytes'],
  ])('fails at once for %s', async (_, path, size, text) => {
    await expect(got(size, at(path))).rejects.toThrow(text);
    expect(server.asked.length).toBe(1);
  });

  it('ends when it is cancelled', async () => {
    const controller = new AbortController();
    server.answer('file', (_, response) => {
      response.writeHead(200, { 'content-length': file.length });
      response.write('some', () => controller.abort(new Error('enough')));
    });
    const reading = (async () => {
      for await (const _ of download(web, { url: at('file'), size: file.length, signal: controller.signal }));
    })();
    await expect(reading).rejects.toThrow('enough');
  });
});

describe('a server', () => {
  it('must have a certificate that is trusted', async () => {
    const { cert } = await loopbackCertificate();
    await open({ certificate: cert }, (other) => expect(got(1, at('file'), other)).rejects.toThrow('Cannot reach the server 127.0.0.1'));
    await open({ certificate: null }, (other) =>
      expect(got(1, at('file'), other)).rejects.toThrow('its certificate is signed by itself, and is not one that this host trusts'),
    );
    await expect(openWeb({ certificate: 'none', proxies })).rejects.toMatchObject({ code: 'remote.bad_certificate' });
  });

  it('whose certificate is over is told from one that is not trusted', async () => {
    const old = await loopbackCertificate(new Date(Date.now() - 1000));
    await using expired = await FileServer.start(old);
    await open({ certificate: old.cert }, (other) =>
      expect(got(1, new URL(expired.url), other)).rejects.toThrow('its certificate has expired; is the clock of this host right?'),
    );
  });

  it('that is not there is told', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as { port: number };
    gone.close();
    await expect(got(1, new URL(`https://127.0.0.1:${port}/`))).rejects.toThrow(
      `Cannot reach the server 127.0.0.1:${port}: it refuses the connection`,
    );
  });

  it('may send elsewhere, by https alone, and not for ever', async () => {
    const to = (location: string) => (_: unknown, response: import('node:http').ServerResponse) =>
      void response.writeHead(302, { location }).end();
    server.answer('moved', to('/file'));
    expect((await got(file.length, at('moved'))).length).toBe(file.length);
    server.answer('moved', to('http://127.0.0.1/file'));
    await expect(got(1, at('moved'))).rejects.toThrow('which is not https');
    server.answer('moved', ...Array.from({ length: 6 }, () => to('/moved')));
    await expect(got(1, at('moved'))).rejects.toThrow('it redirects without end');
  });

  it('is reached by a proxy where one is set', async () => {
    const asked: string[] = [];
    const proxy = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (data) => {
        asked.push(data.toString().split('\r\n')[0] ?? '');
        socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      });
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const https = `http://127.0.0.1:${(proxy.address() as { port: number }).port}`;
    await open({ proxies: { http: null, https, ignore: '' } }, (other) =>
      expect(got(1, at('file'), other)).rejects.toThrow('Cannot reach'),
    );
    expect(asked[0]).toBe(`CONNECT ${server.url.slice('https://'.length)} HTTP/1.1`);
    await open({ proxies: { http: null, https, ignore: '127.0.0.1' } }, async (other) =>
      expect((await got(file.length, at('file'), other)).length).toBe(file.length),
    );
    proxy.close();
  });
});
