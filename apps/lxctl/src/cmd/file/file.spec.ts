import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServer } from '../../testing/fake-server.ts';
import { lxctl } from '../../testing/lxctl.ts';

let place = '';
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'lxctl-file-'));
});
afterEach(() => rm(place, { recursive: true }));

const url = (path: string) => `/1.0/instances/c1/files?path=${encodeURIComponent(path)}`;
const facts = (type: string, mode = '0644') => ({ 'x-lxd-type': type, 'x-lxd-uid': '0', 'x-lxd-gid': '0', 'x-lxd-mode': mode });
const server = () => new FakeServer();
const accepting = (...paths: string[]) => paths.reduce((all, path) => all.sync(`POST ${url(path)}`, {}), server());
const sent = (to: FakeServer) => to.asked.filter(({ route }) => route.startsWith('POST'));
const listed = (to: FakeServer, path: string, names: string[]) =>
  to.raw(`GET ${url(path)}`, JSON.stringify({ type: 'sync', metadata: names }), facts('directory', '0755'));

describe('file push', () => {
  it('sends one with its mode, under the name that is asked for', async () => {
    await writeFile(join(place, 'a'), 'text');
    await chmod(join(place, 'a'), 0o640);
    const to = accepting('/root/b');
    expect(await lxctl(to, ['file', 'push', join(place, 'a'), 'c1/root/b', '--uid', '5'])).toMatchObject({ code: 0, err: '' });
    expect(sent(to)).toMatchObject([{ body: 'text', headers: { 'x-lxd-mode': '0640', 'x-lxd-uid': '5', 'x-lxd-type': 'file' } }]);
  });

  it('sends several into a directory, which it makes', async () => {
    for (const name of ['a', 'b']) await writeFile(join(place, name), name);
    const to = accepting('/x', '/x/y', '/x/y/a', '/x/y/b');
    const { code } = await lxctl(to, ['file', 'push', join(place, 'a'), join(place, 'b'), 'local:c1/x/y', '-p', '--mode', '600']);
    expect(code).toBe(0);
    expect(sent(to).map(({ route, headers }) => [route.split('=')[1], headers['x-lxd-type'], headers['x-lxd-mode']])).toEqual([
      ['%2Fx', 'directory', undefined],
      ['%2Fx%2Fy', 'directory', undefined],
      ['%2Fx%2Fy%2Fa', 'file', '0600'],
      ['%2Fx%2Fy%2Fb', 'file', '0600'],
    ]);
  });

  it('sends into a directory that is there', async () => {
    await writeFile(join(place, 'a'), 'text');
    const to = accepting('/root/a').raw(`HEAD ${url('/root')}`, '', facts('directory'));
    expect((await lxctl(to, ['file', 'push', join(place, 'a'), 'c1/root'])).code).toBe(0);
  });

  it('sends a tree with its links', async () => {
    await mkdir(join(place, 't/d'), { recursive: true });
    await writeFile(join(place, 't/d/f'), 'deep');
    await symlink('d/f', join(place, 't/l'));
    const to = accepting('/srv/t', '/srv/t/l', '/srv/t/d', '/srv/t/d/f');
    expect(await lxctl(to, ['file', 'push', '-r', join(place, 't'), 'c1/srv'])).toMatchObject({ code: 0, err: '' });
    expect(sent(to).map(({ headers, body }) => [headers['x-lxd-type'], body])).toEqual([
      ['directory', undefined],
      ['symlink', 'd/f'],
      ['directory', undefined],
      ['file', 'deep'],
    ]);
  });

  it('sends the standard input', async () => {
    const to = accepting('/a');
    await lxctl(to, 'file push - c1/a', (io) => void io.stdin.end('typed'));
    expect(sent(to)).toMatchObject([{ body: 'typed' }]);
  });

  it('says what is wrong before it sends', async () => {
    await mkdir(join(place, 'd'));
    for (const [words, err] of [
      [[join(place, 'none'), 'c1/a'], 'does not exist'],
      [[join(place, 'd'), 'c1/a'], 'is a directory; --recursive pushes it'],
      [[join(place, 'd'), 'c1'], 'is not of the form instance/path'],
      [['c1/a'], 'A source and a target are needed'],
      [['-r', '--mode', '0600', join(place, 'd'), 'c1/a'], 'are not for --recursive'],
      [['--mode', 'rwx', join(place, 'd'), 'c1/a'], 'is not a mode'],
    ] as const) {
      const to = server();
      const outcome = await lxctl(to, ['file', 'push', ...words]);
      expect(outcome.code).not.toBe(0);
      expect(outcome.err).toContain(err);
      expect(sent(to)).toEqual([]);
    }
  });
});

describe('file pull', () => {
  it('saves one, without set-id bits, or shows it', async () => {
    const from = server().raw(`GET ${url('/etc/a')}`, 'text', facts('file', '4750'));
    expect(await lxctl(from, ['file', 'pull', 'c1/etc/a', place])).toMatchObject({ code: 0, err: '' });
    expect(await readFile(join(place, 'a'), 'utf8')).toBe('text');
    expect((await lstat(join(place, 'a'))).mode & 0o7777).toBe(0o750);
    expect((await lxctl(from, 'file pull c1/etc/a -')).out).toBe('text');
  });

  it('follows links, but not in circles', async () => {
    const from = server()
      .raw(`GET ${url('/d/l')}`, 'm', facts('symlink'))
      .raw(`GET ${url('/d/m')}`, '/a', facts('symlink'))
      .raw(`GET ${url('/a')}`, 'text', facts('file'))
      .raw(`GET ${url('/o')}`, '/o', facts('symlink'));
    expect((await lxctl(from, 'file pull c1/d/l -')).out).toBe('text');
    expect((await lxctl(from, 'file pull c1/o -')).err).toContain('circle of links');
  });

  it('saves a tree with its links as they are', async () => {
    const from = listed(listed(server(), '/t', ['d', 'l']), '/t/d', ['f'])
      .raw(`GET ${url('/t/d/f')}`, 'deep', facts('file', '0600'))
      .raw(`GET ${url('/t/l')}`, '/etc/passwd', facts('symlink'));
    expect(await lxctl(from, ['file', 'pull', '-r', '-p', 'c1/t', join(place, 'new')])).toMatchObject({ code: 0, err: '' });
    expect(await readFile(join(place, 'new/t/d/f'), 'utf8')).toBe('deep');
    expect(await readlink(join(place, 'new/t/l'))).toBe('/etc/passwd');
  });

  it('is led out of the target by no name and no link', async () => {
    await mkdir(join(place, 'host'));
    await mkdir(join(place, 'out/t'), { recursive: true });
    const pull = ['file', 'pull', '-r', 'c1/t', join(place, 'out')];
    for (const name of ['..', 'a/b', ''])
      expect((await lxctl(listed(server(), '/t', [name]), pull)).err).toContain('has a name that is none');
    // A guest that shows a link first and a directory, or a file, of that name then.
    await symlink(join(place, 'host'), join(place, 'out/t/d'));
    await symlink(join(place, 'host/f'), join(place, 'out/t/f'));
    const directory = listed(listed(server(), '/t', ['d']), '/t/d', []);
    expect((await lxctl(directory, pull)).code).not.toBe(0);
    const file = listed(server(), '/t', ['f']).raw(`GET ${url('/t/f')}`, 'x', facts('file'));
    expect((await lxctl(file, pull)).code).not.toBe(0);
    expect(await readdir(join(place, 'host'))).toEqual([]);
  });

  it('wants a directory for several, and --recursive for one', async () => {
    const from = listed(server(), '/t', []);
    expect((await lxctl(from, ['file', 'pull', 'c1/a', 'c1/b', join(place, 'none')])).err).toContain('is not a directory');
    expect((await lxctl(from, ['file', 'pull', 'c1/t', place])).err).toContain('is a directory; --recursive pulls it');
  });
});

describe('file edit, create and delete', () => {
  it('edits a text, and no other bytes', async () => {
    const at = accepting('/a').raw(`GET ${url('/a')}`, 'red', facts('file'));
    const edit = (io: { terminal: { in: boolean }; editor: (text: string) => string }) => {
      io.terminal.in = true;
      io.editor = (text) => text.replace('red', 'blue');
    };
    expect((await lxctl(at, 'file edit c1/a', edit)).code).toBe(0);
    expect(sent(at)).toMatchObject([{ body: 'blue', headers: { 'x-lxd-type': 'file' } }]);
    const binary = server().raw(`GET ${url('/a')}`, Buffer.from([0xff, 0xfe]), facts('file'));
    expect((await lxctl(binary, 'file edit c1/a', edit)).err).toContain('is no text');
  });

  it('makes files, directories and links where nothing is', async () => {
    const at = accepting('/d', '/d/f', '/d/l', '/d/e');
    await lxctl(at, 'file create c1/d/f -p --mode 0600');
    await lxctl(at, 'file create c1/d/l /etc --type symlink');
    await lxctl(at, 'file create c1/d/e --type directory --uid 7');
    expect(sent(at).map(({ headers, body }) => [headers['x-lxd-type'], headers['x-lxd-mode'], headers['x-lxd-uid'], body])).toEqual([
      ['directory', undefined, undefined, undefined],
      ['file', '0600', undefined, undefined],
      ['symlink', undefined, undefined, '/etc'],
      ['directory', undefined, '7', undefined],
    ]);
    at.raw(`HEAD ${url('/d/f')}`, '', facts('file'));
    expect((await lxctl(at, 'file create c1/d/f')).err).toContain('is there already');
    expect((await lxctl(at, 'file create c1/d/f --force')).code).toBe(0);
    expect((await lxctl(at, 'file create c1/d/f /x')).err).toContain('A link, and nothing else, has a target');
  });

  it('deletes', async () => {
    const at = server()
      .sync(`DELETE ${url('/a')}`, {})
      .sync(`DELETE ${url('/b')}`, {});
    expect((await lxctl(at, 'file delete c1/a c1/b')).code).toBe(0);
    expect((await lxctl(at, 'file delete c1/c')).code).toBe(1);
  });
});
