import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FileRoom, fileFlags, type LaunchPlan, LinuxKeepers, type RoomPlan, type SftpClient } from '#lib/host';
import { clientOf, listed, put, refused, textOf } from './file-client.ts';
import { keeperPath, missing, World } from './keeper-world.ts';

const reason = missing();
const skipped = reason ? ` (skipped: ${reason})` : '';

/** The one that is such. No number means more to kill(2) than a process that is not there. */
function one(pids: readonly number[], isSuch: (pid: number) => boolean): number {
  const found = pids.filter(isSuch);
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} such processes`);
  return found[0];
}

describe.skipIf(reason !== null)(`the files of a container that does not run${skipped}`, () => {
  let world: World;
  let plan: LaunchPlan;
  let room: FileRoom;
  let client: SftpClient;
  const secret = () => join(world.root, 'secret');
  const upper = (...path: string[]) => join(world.root, plan.id, 'upper', ...path);
  const roomOf = ({ id, runDir, idMap, layers, root }: LaunchPlan): RoomPlan => ({
    ...{ id, name: 'c1', runDir, idMap, layers, root, dropCapabilities: [], seccomp: null },
    namespaces: ['user', 'mount', 'net', 'ipc'],
  });
  /** Processes of rooms in this world: each has its lock open. */
  const processes = () =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readdirSync(`/proc/${pid}/fd`).some((fd) =>
            readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(`${world.runDir}/${plan.id}.room`),
          );
        } catch {
          // Gone meanwhile.
          return false;
        }
      })
      .map(Number);
  const status = (pid: number) => readFileSync(`/proc/${pid}/status`, 'utf8');
  const userOf = (pid: number) => Number(/^Uid:\s+(\d+)/m.exec(status(pid))?.[1]);
  /** The room's own process is root of the host; what holds the namespaces has no right at all, servers have a few. */
  const keeperOf = () => one(processes(), (pid) => userOf(pid) === 0);
  const rightsOf = (pid: number) => /^CapEff:\s+(\w+)$/m.exec(status(pid))?.[1] ?? '';
  const inside = () => processes().filter((pid) => userOf(pid) !== 0);

  beforeAll(async () => {
    world = new World();
    await world.keepers.prepare();
    writeFileSync(secret(), 'of the host');
    plan = world.plan();
    mkdirSync(upper('etc'));
    room = await world.keepers.openRoom(roomOf(plan));
    client = await clientOf(await room.files());
  });
  afterAll(async () => {
    client.close();
    await room.end();
    expect(await world.traces(plan)).toEqual([]);
    expect(processes()).toEqual([]);
    await world.dispose();
  });

  it('are written, read, listed and removed, with the owners that it sees', async () => {
    await client.makeDirectory('/tmp/d', 0o750);
    await put(client, '/tmp/d/f', 'hello');
    await client.set('/tmp/d/f', { owner: { uid: 12, gid: 34 }, mode: 0o604 });
    await client.makeLink('f', '/tmp/d/link');
    expect(lstatSync(upper('tmp/d/f'))).toMatchObject({ uid: 12, gid: 34, size: 5 });
    expect(await textOf(client, '/tmp/d/link')).toBe('hello');
    writeFileSync(upper('etc/of-two'), 'x');
    chownSync(upper('etc/of-two'), 2, 3);
    expect(await client.stat('/etc/of-two', true)).toMatchObject({ uid: 2, gid: 3 });
    await client.remove('/tmp/d/link');
    await client.remove('/tmp/d/f');
    await client.removeDirectory('/tmp/d');
    // From the image.
    await client.remove('/etc/inittab');
    expect(await refused(client.stat('/etc/inittab', true))).toBe('ENOENT');
    expect(await listed(client, '/')).toEqual(['bin', 'dev', 'etc', 'proc', 'root', 'sbin', 'sys', 'tmp']);
  });

  it('are mounted where nobody else sees it, with nothing else in the root', async () => {
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(world.root);
    for (const path of ['/proc', '/sys', '/dev']) expect(await listed(client, path), path).toEqual([]);
    const [holder = 0] = inside();
    const lines = readFileSync(`/proc/${holder}/mountinfo`, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/ \/ \/ .*nodev.* - overlay /);
    expect(
      readFileSync(`/proc/${holder}/net/dev`, 'utf8')
        .trim()
        .split('\n')
        .slice(2)
        .map((line) => line.trim().split(':')[0]),
    ).toEqual(['lo']);
  });

  it('are served by processes that have few rights, or none', () => {
    const [one = 0, other = 0] = inside();
    // chown, dac_override, dac_read_search, fowner, fsetid, setfcap.
    expect([one, other].map(rightsOf).sort()).toEqual(['0000000000000000', '000000008000001f']);
    expect([one, other].map(userOf)).toEqual([1_000_000, 1_000_000]);
    for (const pid of [one, other]) expect(status(pid)).toMatch(/^NoNewPrivs:\s+1$/m);
  });

  it('end at the root, whatever the guest has left there', async () => {
    symlinkSync('/', upper('absolute'));
    symlinkSync(`../../../../../..${secret()}`, upper('relative'));
    symlinkSync('/proc/self/root', upper('magic'));
    symlinkSync('/proc/1/root', upper('etc/magic'));
    const paths = [secret(), `/../../..${secret()}`, `/absolute${secret()}`, '/relative', `/magic${secret()}`, `/etc/magic${secret()}`];
    for (const path of paths) expect(await textOf(client, path), path).toBe('ENOENT');
    expect(await refused(put(client, `/absolute${world.root}/made`, 'x'))).toBe('ENOENT');
    expect(existsSync(join(world.root, 'made'))).toBe(false);
    expect(await listed(client, '/..')).toEqual(await listed(client, '/'));
  });

  it('end there while somebody exchanges a directory and a link', async () => {
    mkdirSync(upper(`race/d${world.root}`), { recursive: true });
    writeFileSync(upper(`race/d${secret()}`), 'of the guest');
    symlinkSync('/', upper('race/l'));
    const own = await clientOf(await room.files());
    const seen = new Set<string>();
    for (let round = 0; round < 100; round += 1) {
      const reading = Promise.all([1, 2, 3].map(() => textOf(own, `/race/d${secret()}`)));
      for (const [from, to] of [
        ['d', 'x'],
        ['l', 'd'],
        ['d', 'l'],
        ['x', 'd'],
      ] as const) {
        await client.makeLink('/', `/race/${round}`);
        await client.remove(`/race/${round}`);
        renameSync(upper('race', from), upper('race', to));
      }
      for (const text of await reading) seen.add(text);
    }
    own.close();
    expect([...seen].filter((text) => !['of the guest', 'ENOENT', 'ESTALE'].includes(text))).toEqual([]);
  });

  it('are opened only where they are regular: a pipe or a device holds up nothing and leads nowhere', async () => {
    execFileSync('mkfifo', [upper('pipe')]);
    execFileSync('mknod', [upper('null'), 'c', '1', '3']);
    execFileSync('mknod', [upper('disk'), 'b', '8', '0']);
    for (const name of ['pipe', 'null', 'disk']) chmodSync(upper(name), 0o666);
    for (const path of ['/pipe', '/null', '/disk']) {
      expect(await textOf(client, path), path).toBe('EOPNOTSUPP');
      expect(await refused(client.openFile(path, fileFlags.overwrite, 0o600)), path).toBe('EOPNOTSUPP');
    }
    expect(await refused(client.set('/pipe', { mode: 0o600 }))).toBe('done');
  });

  it('are no way to give away what the container does not have', async () => {
    await put(client, '/root/own', 'x');
    expect(await refused(client.set('/root/own', { owner: { uid: 70_000, gid: 0 } }))).toBe('EINVAL');
    writeFileSync(upper('foreign'), 'x');
    chownSync(upper('foreign'), 2_000_000, 2_000_000);
    expect(await client.stat('/foreign', true)).toMatchObject({ uid: 65_534 });
    expect(['EPERM', 'EACCES', 'EOVERFLOW']).toContain(await refused(client.set('/foreign', { owner: { uid: 0, gid: 0 } })));
  });

  it('are no way to harm the room with what is no packet, and a stuck server is given up alone', async () => {
    for (const bytes of ['ffffffff00', '0000000103', '00000009030000000100ffffff', '00000005c8000000ff']) {
      const session = await room.files();
      const socket = new Socket({ fd: session.fd });
      socket.on('error', () => undefined);
      const ended = new Promise((resolve) => socket.once('close', resolve));
      socket.resume().end(Buffer.from(bytes, 'hex'));
      await ended;
    }
    await expect.poll(inside).toHaveLength(2);
    const before = inside();
    const own = await clientOf(await room.files(), 200);
    process.kill(
      one(inside(), (pid) => !before.includes(pid)),
      'SIGSTOP',
    );
    expect(await refused(own.stat('/', true))).toBe('ETIMEDOUT');
    await expect.poll(inside).toEqual(before);
    expect(await refused(client.stat('/', true))).toBe('done');
  });

  it('keep the container from being launched, and are not served beside one that runs', async () => {
    await expect(world.keepers.launch(plan)).rejects.toThrow(/flock .*\.room: EBUSY/);
    await expect(world.keepers.openRoom(roomOf(plan))).rejects.toThrow(/flock .*\.room: EBUSY/);
    expect(await refused(client.stat('/', true))).toBe('done');
    const other = world.plan();
    const keeper = await world.keepers.launch(other);
    await expect(world.keepers.openRoom(roomOf(other))).rejects.toThrow(/connect .*\.sock: EBUSY/);
    expect(existsSync(join(world.runDir, `${other.id}.plan`))).toBe(true);
    await keeper.kill();
  }, 20_000);

  /** As after an end that was asked for: nothing is left, and the container runs with what was written. */
  const gone = async () => {
    await room.ended;
    expect(processes()).toEqual([]);
    await client.closed;
    expect(await world.traces(plan)).toEqual([]);
    const keeper = await world.keepers.launch(plan);
    expect((await world.run(keeper, ['cat', '/root/own'])).output).toBe('x');
    await keeper.kill();
    await anew();
  };
  const anew = async () => {
    room = await world.keepers.openRoom(roomOf(plan));
    client = await clientOf(await room.files());
  };

  it('are let go of when that is asked for, or the process that holds them is killed', async () => {
    await room.end();
    await gone();
    process.kill(keeperOf(), 'SIGKILL');
    await gone();
    process.kill(
      one(inside(), (pid) => /^0+$/.test(rightsOf(pid))),
      'SIGKILL',
    );
    await gone();
  }, 20_000);

  it('are let go of by one that does not answer', async () => {
    const impatient = new LinuxKeepers({ runDir: world.runDir, keeperPath, deadlines: { kill: 200 } });
    await room.end();
    room = await impatient.openRoom(roomOf(plan));
    client = await clientOf(await room.files());
    process.kill(keeperOf(), 'SIGSTOP');
    await room.end();
    await gone();
    impatient.release();
  }, 20_000);

  it('are let go of when the next daemon comes, also by those of an earlier nursery', async () => {
    const next = new LinuxKeepers({ runDir: world.runDir, keeperPath });
    await next.prepare();
    await next.endRooms();
    expect(inside()).toEqual([]);
    await gone();
    process.kill(world.nurseryPid(), 'SIGKILL');
    expect(await refused(client.stat('/', true))).toBe('done');
    // Nobody but its daemon can end it, and that lives.
    await next.prepare();
    await expect(next.endRooms()).rejects.toMatchObject({ code: 'file.room_stuck' });
    expect(await refused(client.stat('/', true))).toBe('done');
    await room.end();
    await next.endRooms();
    next.release();
    await gone();
  }, 30_000);

  it('are those of a root that is a directory, too', async () => {
    const home = join(world.root, 'whole');
    execFileSync('cp', ['-a', world.image, home]);
    execFileSync('mknod', [join(home, 'etc/null'), 'c', '1', '3']);
    const whole = { ...roomOf(world.plan()), root: { kind: 'bind', layer: 0 } } as const;
    const bound = { ...whole, layers: [{ path: home, idmapped: true, readonly: false, optional: false }] };
    const other = await world.keepers.openRoom(bound);
    const own = await clientOf(await other.files());
    await put(own, '/etc/f', 'in a directory');
    await own.set('/etc/f', { owner: { uid: 5, gid: 6 } });
    expect(lstatSync(join(home, 'etc/f'))).toMatchObject({ uid: 5, gid: 6 });
    expect(await textOf(own, '/etc/null')).toBe('EOPNOTSUPP');
    expect(await listed(own, '/..')).toEqual(await listed(own, '/'));
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(world.root);
    own.close();
    await other.end();
  });

  it('are not served of a root that is not there, and nothing is left', async () => {
    const layers = [{ path: join(world.root, 'nowhere'), idmapped: true, readonly: false, optional: false }];
    const lost = { ...roomOf(world.plan()), layers, root: { kind: 'bind', layer: 0 } } as const;
    await expect(world.keepers.openRoom(lost)).rejects.toMatchObject({
      code: 'file.room_failed',
      message: expect.stringContaining('nowhere: ENOENT'),
    });
    await expect(world.keepers.openRoom({ ...lost, namespaces: ['mount'] })).rejects.toThrow(/plan: decode namespaces/);
    expect(readdirSync(world.runDir).filter((name) => name.startsWith(lost.id))).toEqual([]);
  });
});
