import { describe, expect, it } from 'vitest';
import { LxctlClient } from './client.ts';
import { ApiError } from './errors.ts';
import { FakeDaemon } from './fake-daemon.ts';
import { UnixTransport } from './http/unix-transport.ts';
import { multipartBody, receiveParts } from './multipart.ts';
import { socketPath } from './socket-path.ts';

const operation = { id: 'op1', class: 'task', status: 'Running', status_code: 103, err: '', metadata: null };

function clientOf(daemon: FakeDaemon, project?: string): LxctlClient {
  return new LxctlClient(new UnixTransport(daemon.socketPath), { project });
}

async function* bytes(text: string, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
}

describe('LxctlClient', () => {
  it('takes the envelope off and keeps the ETag for the change', async () => {
    await using daemon = await FakeDaemon.start();
    daemon.sync('GET /1.0/profiles/p%2Fq', { name: 'p/q', config: {}, devices: {}, description: '' }, { etag: '"abc"' });
    daemon.sync('PUT /1.0/profiles/p%2Fq', {});
    const client = clientOf(daemon);
    const reply = await client.profiles.read('p/q');
    expect(reply.etag).toBe('"abc"');
    await client.profiles.replace('p/q', reply.metadata, reply.etag);
    expect(daemon.seen[1]?.headers['if-match']).toBe('"abc"');
    expect(JSON.parse(String(daemon.seen[1]?.body))).toMatchObject({ name: 'p/q' });
  });

  it('throws the words and the status of an error', async () => {
    await using daemon = await FakeDaemon.start();
    daemon.error('GET /1.0/instances/no', 404, 'Instance not found');
    const error = await clientOf(daemon)
      .instances.get('no')
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 404, message: 'Instance not found' });
  });

  it('copes with an answer that is not of this API', async () => {
    await using daemon = await FakeDaemon.start();
    daemon.routes.set('GET /1.0', (_request, response) => response.end('<html>'));
    await expect(clientOf(daemon).server.get()).rejects.toThrow("is not of LXD's API");
  });

  it('sends the project with everything unless it is the default', async () => {
    await using daemon = await FakeDaemon.start();
    daemon.sync('GET /1.0/instances?project=p1&recursion=1', []);
    daemon.sync('GET /1.0/instances?recursion=1', []);
    expect(await clientOf(daemon, 'p1').instances.list()).toEqual([]);
    expect(await clientOf(daemon, 'default').instances.list()).toEqual([]);
  });

  it('waits for an operation, showing each view, and throws what went wrong', async () => {
    await using daemon = await FakeDaemon.start();
    daemon.async('DELETE /1.0/instances/c1', operation);
    let asked = 0;
    daemon.routes.set('GET /1.0/operations/op1/wait?timeout=1', (_request, response) => {
      asked += 1;
      const view =
        asked === 1
          ? { ...operation, metadata: { fs_progress: '50%' } }
          : { ...operation, status_code: 400, status: 'Failure', err: 'no room' };
      response.end(JSON.stringify({ type: 'sync', metadata: view }));
    });
    const client = clientOf(daemon);
    const views: unknown[] = [];
    const done = client.operations.finish(await client.instances.delete('c1'), (view) => views.push(view.metadata));
    await expect(done).rejects.toThrow('no room');
    expect(views).toEqual([null, { fs_progress: '50%' }]);
  });

  it('finds images by alias, then by fingerprint', async () => {
    await using daemon = await FakeDaemon.start();
    daemon.sync('GET /1.0/images/aliases/debian%2F12', { name: 'debian/12', target: 'f00d' });
    daemon.sync('GET /1.0/images/abcd', { fingerprint: 'abcdef' });
    const { images } = clientOf(daemon);
    expect(await images.find('debian/12')).toBe('f00d');
    expect(await images.find('abcd')).toBe('abcdef');
    expect(await images.find('nothing')).toBeNull();
  });

  it('uploads split images as multipart, metadata first', async () => {
    await using daemon = await FakeDaemon.start();
    daemon.async('POST /1.0/images', operation);
    const parts = [
      { name: 'metadata', filename: 'meta.tar', body: bytes('META', 3) },
      { name: 'rootfs', filename: 'root.squashfs', body: bytes('ROOT\r\n--', 2) },
    ] as const;
    await clientOf(daemon).images.uploadSplit({ filename: 'meta.tar', public: false, properties: { os: 'A b' } }, ...parts);
    const seen = daemon.seen[0];
    expect(seen?.headers['x-lxd-properties']).toBe('os=A+b');
    const received: string[] = [];
    for await (const part of receiveParts(String(seen?.headers['content-type']), bytes(String(seen?.body), 7))) {
      let content = '';
      for await (const chunk of part.body) content += String(chunk);
      received.push(`${part.name}:${part.filename}:${content}`);
    }
    expect(received).toEqual(['metadata:meta.tar:META', 'rootfs:root.squashfs:ROOT\r\n--']);
  });

  it('streams events', async () => {
    await using daemon = await FakeDaemon.start();
    daemon.upgrades.set('/1.0/events?type=lifecycle', (socket) =>
      socket.send('{"type":"lifecycle","metadata":{"action":"instance-started"}}'),
    );
    const seen: unknown[] = [];
    const stream = await clientOf(daemon).events.stream({ types: ['lifecycle'] }, (event) => seen.push(event.metadata));
    await expect.poll(() => seen).toEqual([{ action: 'instance-started' }]);
    stream.close();
    await stream.closed;
  });

  it('says so when a multipart answer is cut off', async () => {
    const { contentType } = multipartBody([]);
    const read = async () => {
      for await (const part of receiveParts(contentType, bytes('--nothing of the kind', 5))) void part;
    };
    await expect(read()).rejects.toThrow('cut short');
  });
});

describe('socketPath', () => {
  it('prefers LXCTL_SOCKET, then LXCTL_DIR, then the default', () => {
    expect(socketPath({ LXCTL_SOCKET: '/a', LXCTL_DIR: '/b' })).toBe('/a');
    expect(socketPath({ LXCTL_DIR: '/b/' })).toBe('/b/unix.socket');
    expect(socketPath({ LXCTL_DIR: '' })).toBe('/var/lib/lxctl/unix.socket');
  });
});
