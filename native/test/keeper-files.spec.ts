import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileFlags, type Keeper, type LaunchPlan, type SftpClient } from '#lib/host';
import { clientOf, codeOf, listed, put, refused, textOf } from './file-client.ts';
import { missing, parentOf, World } from './keeper-world.ts';

const reason = missing();
const skipped = reason ? ` (skipped: ${reason})` : '';

describe.skipIf(reason !== null)(`the files of a container that runs${skipped}`, () => {
  let world: World;
  let plan: LaunchPlan;
  let keeper: Keeper;
  let client: SftpClient;
  const sh = async (script: string) => {
    const { code, output } = await world.run(keeper, ['sh', '-c', `PATH=/bin; ${script} 2>&1`]);
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    return output;
  };
  const keeperPid = () => parentOf(keeper.info.initPid);
  /** The processes that serve files: children of the keeper with its own name, outside of the container's pid namespace. */
  const servers = () =>
    readFileSync(`/proc/${keeperPid()}/task/${keeperPid()}/children`, 'utf8')
      .split(' ')
      .filter((pid) => pid !== '' && Number(pid) !== keeper.info.initPid);
  /** Once those of clients that have left are gone. */
  const only = async () => {
    await expect.poll(servers, { timeout: 20_000 }).toHaveLength(1);
    return servers();
  };
  const secret = () => join(world.root, 'secret');

  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
    writeFileSync(secret(), 'of the host');
    plan = world.plan();
    const many = join(world.root, plan.id, 'upper', 'many');
    mkdirSync(many, { recursive: true });
    for (let index = 0; index < 5000; index += 1) writeFileSync(join(many, `${index}-${'x'.repeat(200)}`), '');
    keeper = await world.keepers.launch(plan);
    client = await clientOf(await keeper.files());
  });
  afterAll(async () => {
    client.close();
    await keeper.kill();
    expect(await world.traces(plan)).toEqual([]);
    await world.dispose();
  });

  it('are written, read, listed and removed, as the guest sees them', async () => {
    await client.makeDirectory('/tmp/d', 0o750);
    await put(client, '/tmp/d/f', 'hello');
    await put(client, '/tmp/d/f', ' again', fileFlags.append);
    await client.set('/tmp/d/f', { owner: { uid: 12, gid: 34 }, mode: 0o604, modified: 1_000_000_000 });
    await client.makeLink('f', '/tmp/d/link');
    expect(await sh('cat /tmp/d/link; stat -c " %u %g %a %Y" /tmp/d/f; readlink /tmp/d/link')).toBe(
      'hello again 12 34 604 1000000000\nf\n',
    );
    expect(await client.stat('/tmp/d/f', true)).toMatchObject({ size: 11, uid: 12, gid: 34, mode: 0o100604, modified: 1_000_000_000 });
    expect(await client.readLink('/tmp/d/link')).toEqual(Buffer.from('f'));
    expect((await client.stat('/tmp/d/link', false)).mode & 0o170000).toBe(0o120000);
    expect(await listed(client, '/tmp/d')).toEqual(['f', 'link']);
    expect(await refused(client.removeDirectory('/tmp/d'))).toBe('ENOTEMPTY');
    for (const path of ['/tmp/d/f', '/tmp/d/link']) await client.remove(path);
    await client.removeDirectory('/tmp/d');
    expect(await refused(client.stat('/tmp/d', false))).toBe('ENOENT');
  });

  it('go in and out in pieces larger than one packet', async () => {
    const data = Buffer.alloc(3_000_001, 'lxctl');
    const handle = await client.openFile('/tmp/large', fileFlags.fresh, 0o600);
    const source = (async function* () {
      for (let at = 0; at < data.length; at += 700_001) yield data.subarray(at, at + 700_001);
    })();
    expect(await client.write(handle, source)).toBe(data.length);
    await client.closeHandle(handle);
    expect(await textOf(client, '/tmp/large')).toBe(data.toString());
    expect(await refused(client.openFile('/tmp/large', fileFlags.fresh, 0o600))).toBe('EEXIST');
    await client.remove('/tmp/large');
  });

  it('say in the words of the kernel what cannot be done', async () => {
    expect(await textOf(client, '/nowhere/f')).toBe('ENOENT');
    expect(await textOf(client, '/etc')).toBe('EISDIR');
    expect(await textOf(client, '/etc/inittab/f')).toBe('ENOTDIR');
    expect(await refused(client.openFile('/etc', fileFlags.overwrite, 0o600))).toBe('EISDIR');
    expect(await refused(client.makeDirectory('/etc', 0o755))).toBe('EEXIST');
    expect(await refused(client.remove('/etc'))).toBe('EISDIR');
  });

  it('are put in one request, which is as careful as several', async () => {
    expect(client.puts).toBe(true);
    const put = (path: string, text: string, { uid = 0, gid = 0, mode = 0o644, append = false } = {}) =>
      refused(client.put(path, { owner: { uid, gid }, mode }, append, Buffer.from(text)));
    const told = (path: string) => sh(`busybox stat -c '%a %u %g' ${path}; cat ${path}`);
    await sh('mkdir -p /tmp/p; busybox mkfifo /tmp/p/pipe; busybox ln -s /tmp/p/late /tmp/p/link');
    expect(await put('/tmp/p/a', 'one')).toBe('done');
    expect(await told('/tmp/p/a')).toBe('644 0 0\none');
    expect(await put('/tmp/p/a', ' two', { uid: 5, mode: 0o600, append: true })).toBe('done');
    expect(await told('/tmp/p/a')).toBe('644 0 0\none two');
    expect(await put('/tmp/p/a', 'x')).toBe('done');
    expect(await told('/tmp/p/a')).toBe('644 0 0\nx');
    expect(await put('/tmp/p/b', 'set', { uid: 5, gid: 6, mode: 0o6777 })).toBe('done');
    expect(await told('/tmp/p/b')).toBe('6777 5 6\nset');
    expect(await put('/tmp/p/c', 'set', { mode: 0o4755 })).toBe('done');
    expect(await told('/tmp/p/c')).toBe('4755 0 0\nset');
    expect(await put('/tmp/p/empty', '', { mode: 0o666 })).toBe('done');
    expect(await told('/tmp/p/empty')).toBe('666 0 0\n');
    expect(await put('/tmp/p/link', 'late', { uid: 7 })).toBe('done');
    expect(await told('/tmp/p/late')).toBe('644 7 0\nlate');
    expect(await put('/tmp/p/none', 'x', { uid: 70_000 })).toBe('EINVAL');
    expect(await put('/tmp/p', 'x')).toBe('EISDIR');
    expect(await put('/tmp/p/pipe', 'x')).toBe('EOPNOTSUPP');
    expect(await put('/dev/null', 'x')).toBe('EOPNOTSUPP');
    expect(await put('/nowhere/x', 'x')).toBe('ENOENT');
    expect(await put(`/../..${secret()}`, 'x')).toBe('ENOENT');
    expect(await listed(client, '/tmp/p')).toEqual(['a', 'b', 'c', 'empty', 'late', 'link', 'pipe']);
    expect(readFileSync(secret(), 'utf8')).toBe('of the host');
  });

  it('let a directory be opened to be looked at', async () => {
    const handle = await client.openFile('/etc', fileFlags.read, 0);
    expect((await client.statHandle(handle)).mode & 0o170000).toBe(0o040000);
    await client.closeHandle(handle);
  });

  it('end at the root of the container, by whatever path', async () => {
    await sh(`busybox ln -s ${world.root} /escape; busybox ln -s ../../../../../../${secret()} /relative`);
    const paths = [secret(), `/../../../..${secret()}`, '/escape/secret', '/relative', `/etc/../../..${secret()}`];
    for (const path of paths) expect(await textOf(client, path), path).toBe('ENOENT');
    expect(await listed(client, '/..')).toEqual(await listed(client, '/'));
    // What a process has open, and its root, lead through magic links.
    for (const path of ['/proc/self/root', '/proc/self/cwd', '/proc/thread-self/root']) {
      expect(['ENOENT', 'ELOOP', 'EACCES'], path).toContain(await textOf(client, `${path}${secret()}`));
    }
    expect(await refused(put(client, `/escape/made`, 'x'))).toBe('ENOENT');
    expect(existsSync(join(world.root, 'made'))).toBe(false);
  });

  it('end there when the guest mounts over the path', async () => {
    await sh('mkdir -p /tmp/m && mount --bind / /tmp/m');
    expect(await textOf(client, `/tmp/m/../..${secret()}`)).toBe('ENOENT');
    expect(await listed(client, '/tmp/m/..')).toEqual(await listed(client, '/tmp'));
    await sh('umount /tmp/m');
  });

  it('end there while the guest exchanges a directory and a link', async () => {
    await sh(`mkdir -p /race/d${world.root}; echo of the guest > /race/d${secret()}; busybox ln -s / /race/l`);
    const racing = sh(
      'cd /race; for i in 1 2 3 4 5 6 7 8 9 10; do for j in 1 2 3 4 5 6 7 8 9 10; do busybox mv d x; busybox mv l d; busybox mv d l; busybox mv x d; done; done',
    );
    let over = false;
    const end = racing.finally(() => (over = true));
    const seen = new Set<string>();
    do seen.add(await textOf(client, `/race/d${secret()}`));
    while (!over);
    await end;
    expect([...seen].filter((text) => !['of the guest\n', 'ENOENT'].includes(text))).toEqual([]);
  });

  it('are opened only where they are regular: a pipe or a device holds up nothing', async () => {
    await sh('busybox mkfifo /tmp/pipe');
    for (const path of ['/tmp/pipe', '/dev/null', '/dev/console']) {
      expect(await textOf(client, path), path).toBe('EOPNOTSUPP');
      expect(await refused(client.openFile(path, fileFlags.overwrite, 0o600)), path).toBe('EOPNOTSUPP');
    }
    expect(await refused(client.set('/tmp/pipe', { mode: 0o600 }))).toBe('done');
  });

  it('are listed however many there are', async () => {
    expect(await listed(client, '/many')).toHaveLength(5000);
  });

  it('are open at most so many at once, and the server goes on', async () => {
    const own = await clientOf(await keeper.files());
    const handles: Buffer[] = [];
    const code = await (async () => {
      for (;;) handles.push(await own.openFile('/etc/inittab', fileFlags.read, 0));
    })().catch(codeOf);
    expect({ code, open: handles.length }).toEqual({ code: 'EMFILE', open: 256 });
    await own.closeHandle(handles[0] ?? Buffer.alloc(0));
    expect(await refused(own.stat('/etc', true))).toBe('done');
    own.close();
  });

  it('are served by a process that the guest neither sees nor can end, and that has few rights', async () => {
    const [server = ''] = await only();
    const status = readFileSync(`/proc/${server}/status`, 'utf8');
    // chown, dac_override, dac_read_search, fowner, fsetid, setfcap.
    expect(/^CapEff:\s+(\w+)$/m.exec(status)?.[1]).toBe('000000008000001f');
    expect(/^NoNewPrivs:\s+1$/m.test(status)).toBe(true);
    expect(/^Uid:\s+1000000\s/m.test(status)).toBe(true);
    expect(await sh('ps')).not.toMatch(/lxctl|files/);
    expect((await world.run(keeper, ['sh', '-c', 'kill -9 -1'])).code).toBe(0);
    expect(await refused(client.stat('/', true))).toBe('done');
  });

  it('are served to the end of the client, and no zombie stays', async () => {
    const before = await only();
    const own = await clientOf(await keeper.files());
    expect(servers()).toHaveLength(before.length + 1);
    own.close();
    expect(await only()).toEqual(before);
  });

  it('are not waited for longer than the deadline when the server is stuck', async () => {
    const before = await only();
    const own = await clientOf(await keeper.files(), 200);
    const [server] = servers().filter((pid) => !before.includes(pid));
    process.kill(Number(server), 'SIGSTOP');
    expect(await refused(own.stat('/', true))).toBe('ETIMEDOUT');
    expect(await refused(own.stat('/', true))).toBe('ETIMEDOUT');
    expect(await only()).toEqual(before);
  });

  it('are no way to harm the keeper with what is no packet', async () => {
    for (const bytes of ['ffffffff00', '0000000103', '00000000', '00000009030000000100ffffff', '0000000503000000', '00000005c8000000ff']) {
      const session = await keeper.files();
      const socket = new Socket({ fd: session.fd });
      socket.on('error', () => undefined);
      const ended = new Promise((resolve) => socket.once('close', resolve));
      socket.resume().end(Buffer.from(bytes, 'hex'));
      await ended;
    }
    expect(await sh('echo on')).toBe('on\n');
  });

  it('are served anew after a reboot, and the server of before is gone', async () => {
    const other = world.plan();
    const guest = await world.keepers.launch(other);
    const before = await clientOf(await guest.files());
    await put(before, '/root/kept', 'kept');
    const rebooted = new Promise((resolve) => (guest.onReboot = resolve));
    await world.run(guest, ['reboot', '-f']);
    await rebooted;
    await before.closed;
    const after = await clientOf(await guest.files());
    expect(await textOf(after, '/root/kept')).toBe('kept');
    await guest.kill();
    await after.closed;
    await expect(guest.files()).rejects.toMatchObject({ code: 'instance.not_running' });
    expect(await world.traces(other)).toEqual([]);
  });
});
