import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { collect, type Method } from '#lib/client';
import { SftpClient } from '#lib/host';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
const files = '/1.0/instances/f/files';

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
  await daemon.launchInstance('f');
});
afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

const inside = async (script: string) => {
  const { code, stdout, stderr } = await daemon.exec('f', ['sh', '-c', script]);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
};

interface Asked {
  headers?: Record<string, string>;
  body?: string | AsyncIterable<Uint8Array>;
}

async function ask(method: Method, path: string, asked: Asked = {}) {
  const { status, headers, body } = await daemon.client.api.transport.request({
    method,
    path: `${files}?path=${encodeURIComponent(path)}`,
    ...asked,
  });
  const text = (await collect(body)).toString();
  const json = headers['content-type']?.startsWith('application/json') && text ? JSON.parse(text) : {};
  return { status, headers, text, error: json.error as string, metadata: json.metadata as unknown };
}

describe('the files of an instance that runs', () => {
  it('are shown with what they are', async () => {
    await inside('mkdir /d; cd /d; echo hello > a; chown 3:4 a; chmod 4750 a; touch -d @1000000000 a; ln -s a l; mkdir e; echo > b');
    const file = await ask('GET', 'd/a');
    expect(file).toMatchObject({ status: 200, text: 'hello\n' });
    const facts = { uid: '3', gid: '4', mode: '4750', type: 'file', modified: '2001-09-09 01:46:40 +0000 UTC' };
    for (const [name, value] of Object.entries(facts))
      expect(file.headers).toMatchObject({ [`x-lxd-${name}`]: value, [`x-incus-${name}`]: value });
    expect(file.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '6',
      'content-disposition': 'inline;filename=a',
      'last-modified': 'Sun, 09 Sep 2001 01:46:40 GMT',
    });
    expect(await ask('GET', '/d')).toMatchObject({ status: 200, headers: { 'x-lxd-type': 'directory' }, metadata: ['a', 'b', 'e', 'l'] });
    expect(await ask('GET', '/d/e')).toMatchObject({ metadata: [] });
    expect(await ask('GET', '/d/l')).toMatchObject({ text: 'a', headers: { 'x-lxd-type': 'symlink' } });
    const head = await ask('HEAD', '/d/a');
    expect(head).toMatchObject({ status: 200, text: '', headers: { 'x-lxd-mode': '4750', 'x-incus-type': 'file' } });
    // Without a size, and with a content all the same.
    expect((await ask('GET', '/proc/1/status')).text).toContain('\nPid:\t1\n');
    expect(await ask('HEAD', '/nowhere')).toMatchObject({ status: 404 });
  });

  it('are written by whatever content type', async () => {
    for (const type of [
      undefined,
      'application/json',
      'application/x-www-form-urlencoded',
      'application/octet-stream',
      'multipart/form-data',
    ]) {
      const headers: Record<string, string> = type ? { 'content-type': type } : {};
      expect(await ask('POST', '/d/w', { headers, body: '{"a": 1' })).toMatchObject({ status: 200, metadata: {} });
      expect((await ask('GET', '/d/w')).text).toBe('{"a": 1');
    }
    await ask('POST', '/d/w', { headers: { 'x-lxd-write': 'append' }, body: '}' });
    expect((await ask('GET', '/d/w')).text).toBe('{"a": 1}');
    await ask('POST', '/d/w');
    expect((await ask('GET', '/d/w')).text).toBe('');
  });

  it('are made with what the headers of either family say', async () => {
    const made = async (path: string, headers: Record<string, string>) => {
      const { status } = await ask('POST', path, { headers, body: 'x' });
      return status === 200 ? inside(`stat -c '%F %a %u %g' ${path}`) : status;
    };
    expect(await made('/d/1', {})).toBe('regular file 644 0 0\n');
    expect(await made('/d/2', { 'x-incus-mode': '0600', 'x-incus-uid': '7', 'x-incus-gid': '8' })).toBe('regular file 600 7 8\n');
    expect(await made('/d/3', { 'x-lxd-mode': '420' })).toBe('regular file 644 0 0\n');
    expect(await made('/d/4', { 'x-lxd-mode': '4755' })).toBe('regular file 4755 0 0\n');
    expect(await made('/d/5', { 'x-lxd-type': 'directory', 'x-lxd-uid': '9' })).toBe('directory 750 9 0\n');
    // As it is, once it is there.
    expect(await made('/d/5', { 'x-lxd-type': 'directory', 'x-lxd-mode': '0700' })).toBe('directory 750 9 0\n');
    expect(await made('/d/6', { 'x-lxd-type': 'symlink', 'x-lxd-uid': '9' })).toBe('symbolic link 777 9 0\n');
    // Through a link that leads to nothing yet.
    await inside('ln -s /d/target /d/7');
    expect(await made('/d/7', { 'x-lxd-uid': '5', 'x-lxd-mode': '0611' })).toContain('symbolic link');
    expect(await inside("stat -c '%a %u' /d/target")).toBe('611 5\n');
  });

  it('are refused in the words of LXD', async () => {
    await inside('mkfifo /d/pipe');
    const refused: [Method, string, Asked, number, string][] = [
      ['GET', '', {}, 400, 'Missing path argument'],
      ['GET', '/nowhere', {}, 404, 'Not Found'],
      ['DELETE', '/nowhere', {}, 404, 'Not Found'],
      ['POST', '/nowhere/x', {}, 404, 'Not Found'],
      ['POST', '/x', { headers: { 'x-lxd-type': 'door' } }, 400, 'Bad file type: door'],
      ['POST', '/x', { headers: { 'x-lxd-write': 'over' } }, 400, 'Bad file write mode: over'],
      ['POST', '/d/a', { headers: { 'x-lxd-type': 'symlink' }, body: 'b' }, 500, 'sftp: "symlink /d/a: file exists" (SSH_FX_FAILURE)'],
      ['POST', '/d/a', { headers: { 'x-lxd-type': 'directory' } }, 500, 'sftp: "mkdir /d/a: file exists" (SSH_FX_FAILURE)'],
      ['POST', '/d', { body: 'b' }, 500, 'sftp: "open /d: is a directory" (SSH_FX_FAILURE)'],
      ['GET', '/d/a/b', {}, 500, 'sftp: "open /d/a/b: not a directory" (SSH_FX_FAILURE)'],
      ['DELETE', '/d', {}, 500, 'sftp: "remove /d: directory not empty" (SSH_FX_FAILURE)'],
      ['GET', '/d/pipe', {}, 500, 'sftp: "open /d/pipe: operation not supported" (SSH_FX_FAILURE)'],
      ['PUT', '/d/a', {}, 501, 'not implemented'],
    ];
    for (const [method, path, asked, status, error] of refused)
      expect(await ask(method, path, asked), `${method} ${path}`).toMatchObject({ status, error });
    const bad = { 'x-lxd-uid': '-1', 'x-lxd-gid': 'root', 'x-lxd-mode': 'rwx' };
    expect((await ask('POST', '/x', { headers: bad })).error).toMatch(/Invalid uid "-1".*Invalid gid "root".*Invalid mode "rwx"/);
    // Ids that the instance does not have: and nothing is left.
    expect((await ask('POST', '/d/id', { headers: { 'x-lxd-uid': '4294967294' }, body: 'x' })).error).toContain('invalid argument');
    expect((await ask('GET', '/d/id')).status).toBe(404);
  });

  it('tell of themselves in events', async () => {
    const seen: unknown[] = [];
    const stream = await daemon.client.events.stream({ types: ['lifecycle'] }, ({ metadata }) => {
      const { action, source, context } = metadata as { action: string; source: string; context: unknown };
      if (action.startsWith('instance-file')) seen.push([action, source, context]);
    });
    await ask('POST', 'd/told', { body: 'x' });
    for (const method of ['GET', 'HEAD', 'DELETE'] as const) await ask(method, '/d/told');
    const told = (action: string) => [action, '/1.0/instances/f', { path: '/d/told' }];
    await vi.waitFor(() => expect(seen).toEqual(['pushed', 'retrieved', 'deleted'].map((what) => told(`instance-file-${what}`))));
    stream.close();
  });

  it('go in and out whatever their size, and the daemon stays small', async () => {
    const size = 2 * 1024 ** 3;
    const block = Buffer.alloc(1024 * 1024, 'lxctl files ');
    const blocks = async function* () {
      for (let left = size; left > 0; left -= block.length) yield block;
    };
    const pid = daemon.process?.pid;
    // The highest use from here on (proc(5)).
    await writeFile(`/proc/${pid}/clear_refs`, '5');
    expect((await ask('POST', '/dev/shm/large', { body: blocks() })).status).toBe(200);
    const { body, headers } = await daemon.client.api.transport.request({ method: 'GET', path: `${files}?path=/dev/shm/large` });
    expect(headers['content-length']).toBe(String(size));
    let at = 0;
    for await (const chunk of body) {
      for (let done = 0; done < chunk.length; ) {
        const expected = block.subarray(at % block.length, (at % block.length) + chunk.length - done);
        expect(expected.equals(chunk.subarray(done, done + expected.length))).toBe(true);
        done += expected.length;
        at += expected.length;
      }
    }
    expect(at).toBe(size);
    const peak = Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
    expect(peak).toBeLessThan(300);
    await ask('DELETE', '/dev/shm/large');
  }, 60_000);
});

describe('the SFTP of an instance', () => {
  /** A connection that has gone over, or what was answered instead. */
  async function connected(name = 'f', upgrade = 'sftp'): Promise<{ connection: Socket; answer: string }> {
    const connection = connect(daemon.socket);
    connection.write(`GET /1.0/instances/${name}/sftp HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`);
    const [first] = (await once(connection, 'data')) as [Buffer];
    return { connection, answer: first.toString() };
  }
  async function speaking() {
    const { connection, answer } = await connected();
    expect(answer).toBe('HTTP/1.1 101 Switching Protocols\r\nUpgrade: sftp\r\nConnection: Upgrade\r\n\r\n');
    const client = new SftpClient(connection, { deadline: 10_000, stuck: () => connection.destroy() });
    await client.greet();
    return { connection, client };
  }
  const servers = () => inside('ls /proc | grep -c "^[0-9]"');

  it('is of the whole instance, and of nothing else', async () => {
    const { connection, client } = await speaking();
    await inside('mkdir -p /s; echo in > /s/file; ln -s /proc/1/root /s/out');
    expect((await client.stat('/s/file', true)).size).toBe(3);
    await expect(client.stat(`${daemon.dir}/lxctld.pid`, true)).rejects.toThrow('No such file or directory');
    // Links of procfs are not for it, not even those that lead to its own root.
    await expect(client.stat(`/s/out${daemon.dir}`, true)).rejects.toThrow('Permission denied');
    connection.destroy();
  });

  it('ends with its client, with its instance and with the server, and leaves no process', async () => {
    const before = await servers();
    const { connection } = await speaking();
    const { connection: second, client } = await speaking();
    connection.destroy();
    second.end();
    await client.closed;
    await vi.waitFor(async () => expect(await servers()).toBe(before));
    const { connection: third } = await speaking();
    const gone = once(third, 'close');
    await daemon.done(daemon.client.instances.setState('f', { action: 'stop', force: true, timeout: 10 }));
    await gone;
    await daemon.done(daemon.client.instances.setState('f', { action: 'start', force: false, timeout: 10 }));
    const { client: last } = await speaking();
    await daemon.kill();
    await last.closed;
    await daemon.launch();
    await vi.waitFor(async () => expect(await servers()).toBe(before));
  });

  it('is refused in words', async () => {
    expect((await connected('none')).answer).toMatch(/^HTTP\/1\.1 404[\s\S]*"Instance not found"/);
    expect((await connected('f', 'websocket')).answer).toMatch(/^HTTP\/1\.1 404/);
    const { status, body } = await daemon.client.api.transport.request({ method: 'GET', path: '/1.0/instances/f/sftp' });
    expect([status, (await collect(body)).toString()]).toEqual([400, expect.stringContaining('Missing or invalid upgrade header')]);
  });
});
