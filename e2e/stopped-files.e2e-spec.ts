import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import { collect, type Method } from '#lib/client';
import { fileFlags, SftpClient } from '#lib/host';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  await daemon.client.api.send('POST', '/1.0/storage-pools', { name: 'whole', driver: 'dir', config: {} });
});
afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

interface Asked {
  headers?: Record<string, string>;
  body?: string | AsyncIterable<Uint8Array>;
}

async function ask(name: string, method: Method, path: string, asked: Asked = {}) {
  const { status, headers, body } = await daemon.client.api.transport.request({
    method,
    path: `/1.0/instances/${name}/files?path=${encodeURIComponent(path)}`,
    ...asked,
  });
  const text = (await collect(body)).toString();
  const json = headers['content-type']?.startsWith('application/json') && text ? JSON.parse(text) : {};
  return { status, headers, text, error: json.error as string, metadata: json.metadata as unknown };
}

async function create(name: string, body: Record<string, unknown> = {}) {
  await daemon.done(daemon.client.instances.create({ name, source: { type: 'image', alias: 'busybox' }, ...body }));
}
const act = (name: string, action: 'start' | 'stop') =>
  daemon.done(daemon.client.instances.setState(name, { action, force: action === 'stop', timeout: 30 }));
const run = async (name: string, script: string) => (await daemon.exec(name, ['sh', '-c', script])).stdout;
const idOf = async (name: string) => (await daemon.client.instances.get(name)).config['volatile.uuid'] ?? '';

async function sftp(name: string): Promise<{ connection: Socket; client: SftpClient }> {
  const connection = connect(daemon.socket);
  connection.write(`GET /1.0/instances/${name}/sftp HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: sftp\r\n\r\n`);
  const [first] = (await once(connection, 'data')) as [Buffer];
  expect(first.toString()).toMatch(/^HTTP\/1\.1 101/);
  const client = new SftpClient(connection, { deadline: 20_000, stuck: () => connection.destroy() });
  await client.greet();
  return { connection, client };
}

/** A body that comes in parts, when the test wants it. */
function slowBody() {
  const more: Deferred<Buffer | null>[] = [new Deferred()];
  const body = (async function* () {
    for (let at = 0; ; at += 1) {
      const chunk = await more[at]?.promise;
      if (!chunk) return;
      yield chunk;
    }
  })();
  const push = (chunk: Buffer | null) => {
    const last = more.at(-1);
    more.push(new Deferred());
    last?.resolve(chunk);
  };
  return { body, push };
}

const kinds: [string, Record<string, unknown>][] = [
  ['overlay', {}],
  ['isolated', { config: { 'security.idmap.isolated': 'true' } }],
  ['dir', { devices: { root: { type: 'disk', path: '/', pool: 'whole' } } }],
];

describe.each(kinds)('the files of an instance that does not run (%s)', (kind, body) => {
  const name = `f-${kind}`;
  beforeAll(() => create(name, body));

  it('are served before it has ever run, with the owners that it will see', async () => {
    expect((await ask(name, 'GET', '/')).metadata).toContain('etc');
    const headers = { 'x-lxd-uid': '12', 'x-lxd-gid': '34', 'x-lxd-mode': '0604' };
    expect(await ask(name, 'POST', '/root/f', { headers, body: 'hello' })).toMatchObject({ status: 200 });
    expect(await ask(name, 'POST', '/root/d', { headers: { 'x-lxd-type': 'directory' } })).toMatchObject({ status: 200 });
    expect(await ask(name, 'POST', '/root/l', { headers: { 'x-lxd-type': 'symlink' }, body: 'f' })).toMatchObject({ status: 200 });
    expect(await ask(name, 'POST', '/root/f', { headers: { 'x-lxd-write': 'append' }, body: ' again' })).toMatchObject({ status: 200 });
    expect(await ask(name, 'GET', '/root/f')).toMatchObject({ text: 'hello again', headers: { 'x-lxd-uid': '12', 'x-lxd-mode': '0604' } });
    expect(await ask(name, 'HEAD', '/root/l')).toMatchObject({ status: 200, headers: { 'x-lxd-type': 'symlink' } });
    expect(await ask(name, 'DELETE', '/root/d')).toMatchObject({ status: 200 });
    expect(await ask(name, 'GET', '/root/d')).toMatchObject({ status: 404, error: 'Not Found' });
    expect((await ask(name, 'GET', '/proc')).metadata).toEqual([]);
    // It starts at once, though its files were served a moment ago.
    await act(name, 'start');
    expect(await run(name, "cat /root/l; stat -c ' %u %g %a' /root/f")).toBe('hello again 12 34 604\n');
  });

  it('are served when it has stopped, and by SFTP too', async () => {
    await run(name, 'echo of the guest > /root/g; chown 7:8 /root/g; mkfifo /root/pipe; ln -s /etc /root/etc; sync');
    await act(name, 'stop');
    expect(await ask(name, 'GET', '/root/g')).toMatchObject({ text: 'of the guest\n', headers: { 'x-lxd-uid': '7', 'x-lxd-gid': '8' } });
    expect((await ask(name, 'GET', '/root/pipe')).error).toContain('operation not supported');
    const { connection, client } = await sftp(name);
    expect(await client.stat('/root/g', true)).toMatchObject({ uid: 7, gid: 8 });
    expect((await client.stat('/root/etc/passwd', true)).size).toBeGreaterThan(0);
    await expect(client.stat(join(daemon.dir, 'lxctld.pid'), true)).rejects.toThrow('No such file');
    const gone = once(connection, 'close');
    await act(name, 'start');
    await gone;
    expect(await run(name, 'cat /root/g')).toBe('of the guest\n');
    await act(name, 'stop');
  });

  it('are what a snapshot, a copy and a restore have', async () => {
    const { connection, client } = await sftp(name);
    await ask(name, 'POST', '/root/cut', { body: 'before' });
    await daemon.done(daemon.client.instances.takeSnapshot(name, { name: 's', stateful: false }));
    await client.closed;
    connection.destroy();
    await ask(name, 'POST', '/root/cut', { body: 'after' });
    await daemon.done(daemon.client.instances.create({ name: `${name}-c`, source: { type: 'copy', source: name } }));
    expect((await ask(`${name}-c`, 'GET', '/root/cut')).text).toBe('after');
    await ask(name, 'POST', '/root/cut', { body: 'later' });
    expect((await ask(`${name}-c`, 'GET', '/root/cut')).text).toBe('after');
    const other = await sftp(name);
    await daemon.done(daemon.client.api.start('PUT', `/1.0/instances/${name}`, { restore: 's' }));
    await other.client.closed;
    expect((await ask(name, 'GET', '/root/cut')).text).toBe('before');
    const last = await sftp(`${name}-c`);
    await daemon.remove(`${name}-c`);
    await last.client.closed;
    expect(await ask(`${name}-c`, 'GET', '/')).toMatchObject({ status: 404, error: 'Instance not found' });
  });
});

describe('an operation and the files that are served', () => {
  beforeAll(() => create('r'));
  /** More than is waited for before a file is made. */
  const much = 'much '.repeat(40_000);

  it('a start waits for an upload that ends soon, and what comes meanwhile waits for the start', async () => {
    const { body, push } = slowBody();
    const uploading = ask('r', 'POST', '/root/slow', { body });
    push(Buffer.from(much));
    await expect.poll(async () => (await ask('r', 'GET', '/root/slow')).text.length).toBe(much.length);
    const started = act('r', 'start');
    // The room has no /proc, and no other answer than that is given until the instance runs.
    const late = (async () => {
      for (;;) {
        const answer = await ask('r', 'GET', '/proc/1/comm');
        if (answer.status !== 404) return answer;
      }
    })();
    push(Buffer.from('two'));
    push(null);
    expect(await uploading).toMatchObject({ status: 200 });
    await started;
    // Of its init: the request was answered by the instance that runs.
    expect((await late).text).toBe('init\n');
    expect(await run('r', 'cat /root/slow')).toBe(`${much}two`);
    await act('r', 'stop');
  });

  it('an upload that takes longer is broken off in words, and leaves nothing', async () => {
    const { body, push } = slowBody();
    const uploading = ask('r', 'POST', '/root/long', { body });
    push(Buffer.from(much));
    await expect.poll(async () => (await ask('r', 'GET', '/root/long')).text.length).toBe(much.length);
    await act('r', 'start');
    // The client reads its source to the end before it gives the answer.
    push(null);
    expect(await uploading).toMatchObject({ status: 409, error: expect.stringContaining('broken off') });
    expect(await run('r', 'ls /root')).not.toContain('long');
    await act('r', 'stop');
  }, 30_000);

  it('is not held up by an SFTP session in the middle of its writes', async () => {
    const { client } = await sftp('r');
    const handle = await client.openFile('/root/streamed', fileFlags.overwrite, 0o600);
    const written = client.write(
      handle,
      (async function* () {
        for (;;) yield Buffer.alloc(65_536, 'x');
      })(),
    );
    const failed = written.catch((error: Error) => error.message);
    await act('r', 'start');
    expect(await failed).toContain('gone');
    const size = Number(await run('r', 'stat -c %s /root/streamed'));
    expect(Number(await run('r', 'stat -c %s /root/streamed'))).toBe(size);
    await act('r', 'stop');
  });

  it('starts and files in turn, however often', async () => {
    for (let round = 0; round < 5; round += 1) {
      const text = `round ${round}`;
      const all = [1, 2, 3].map((number) => ask('r', 'POST', `/root/${number}`, { body: text }));
      const started = act('r', 'start');
      for (const answer of await Promise.all(all)) expect(answer.status).toBe(200);
      await started;
      expect(await run('r', 'cat /root/1 /root/2 /root/3')).toBe(text.repeat(3));
      await act('r', 'stop');
    }
  }, 30_000);

  it('a daemon that is killed leaves no room, and the next one starts the instance', async () => {
    await ask('r', 'POST', '/root/kept', { body: 'kept' });
    const { client } = await sftp('r');
    const id = await idOf('r');
    await daemon.kill();
    await client.closed;
    await daemon.launch();
    expect(readdirSync(join(daemon.dir, 'run')).filter((name) => name.startsWith(id))).toEqual([]);
    await act('r', 'start');
    expect(await run('r', 'cat /root/kept')).toBe('kept');
    await act('r', 'stop');
  });

  it('a room and a nursery that are killed are replaced, and nothing is lost', async () => {
    await ask('r', 'POST', '/root/twice', { body: 'first' });
    const nursery = Number(readFileSync(join(daemon.dir, 'run/nursery.pid'), 'utf8'));
    const children = () => readFileSync(`/proc/${nursery}/task/${nursery}/children`, 'utf8').trim().split(' ').map(Number);
    const [room] = children().filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('files of r'));
    if (!room) throw new Error('there is no room');
    process.kill(room, 'SIGKILL');
    await expect.poll(async () => (await ask('r', 'GET', '/root/twice')).text).toBe('first');
    process.kill(nursery, 'SIGKILL');
    expect((await ask('r', 'GET', '/root/twice')).text).toBe('first');
    await act('r', 'start');
    expect(await run('r', 'cat /root/twice')).toBe('first');
    await act('r', 'stop');
  });
});
