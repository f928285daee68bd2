import { closeSync, openSync, readFileSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import addon from '#native';
import { closeFd, type Keeper, setWindowSize } from '#lib/host';
import { missing, World } from './keeper-world.ts';

const reason = missing();

/** All a terminal says until its other side is closed, which a pty tells by EIO. */
function readTerminal(fd: number): string {
  let text = '';
  const chunk = Buffer.alloc(4096);
  for (;;) {
    try {
      const size = readSync(fd, chunk);
      if (size === 0) return text;
      text += chunk.toString('utf8', 0, size);
    } catch {
      return text;
    }
  }
}

describe.skipIf(reason !== null)(`a command in a container${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let world: World;
  let keeper: Keeper;
  beforeAll(async () => {
    world = new World();
    writeFileSync(join(world.image, 'etc/plain'), 'not a program');
    await world.keepers.prepare();
    keeper = await world.keepers.launch(world.plan({ rlimits: [{ resource: 'nofile', soft: 500, hard: 600 }], dropCapabilities: [22] }));
  });
  afterAll(() => world.dispose());

  const sh = (script: string) => world.run(keeper, ['sh', '-c', script]);

  it('ends with its own exit code, or 128 and the signal', async () => {
    expect(await sh('exit 7')).toMatchObject({ code: 7 });
    expect(await sh('kill -9 $$')).toMatchObject({ code: 137 });
  });

  it('ends with 127 when it is missing and 126 when it is no program, and says so', async () => {
    expect(await world.run(keeper, ['nonesuch'])).toMatchObject({ code: 127, output: 'nonesuch: No such file or directory\n' });
    expect(await world.run(keeper, ['/no/such'])).toMatchObject({ code: 127, output: '/no/such: No such file or directory\n' });
    expect(await world.run(keeper, ['/etc/plain'])).toMatchObject({ code: 126, output: '/etc/plain: Permission denied\n' });
  });

  it('is looked for in its own PATH', async () => {
    expect(await world.run(keeper, ['true'], { env: ['PATH=/nowhere:/bin'] })).toMatchObject({ code: 0 });
    expect(await world.run(keeper, ['true'], { env: ['PATH=/nowhere'] })).toMatchObject({ code: 127 });
    expect(await world.run(keeper, ['true'], { env: [] })).toMatchObject({ code: 0 });
  });

  it('has the directory, the environment and the ids it was given', async () => {
    const { output } = await world.run(keeper, ['/bin/sh', '-c', 'pwd; echo $X; id -u; id -g; id -G'], {
      cwd: '/tmp',
      env: ['X=y', 'PATH=/bin'],
      uid: 1000,
      gid: 100,
    });
    expect(output).toBe('/tmp\ny\n1000\n100\n100\n');
  });

  it('starts in the root where its directory cannot be entered', async () => {
    for (const cwd of ['/none', '/etc/plain', '/tmp/..//none'])
      expect(await world.run(keeper, ['/bin/sh', '-c', 'pwd'], { cwd })).toMatchObject({ code: 0, output: '/\n' });
  });

  it('is in the groups, namespaces and limits of the container', async () => {
    expect(
      (await sh('cat /proc/self/cgroup')).output
        .split('\n')
        .filter((line) => /^0::|:(pids|freezer):/.test(line))
        .map((line) => line.split(':')[2]),
    ).toEqual(['/', '/', '/']);
    expect((await sh('ulimit -n; ulimit -Hn')).output).toBe('500\n600\n');
    // CAP_SYS_BOOT is number 22.
    const bounding = /CapBnd:\s+(\w+)/.exec((await sh('cat /proc/self/status')).output)?.[1];
    expect((BigInt(`0x${bounding}`) >> 22n) & 1n).toBe(0n);
    for (const name of ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup']) {
      expect((await sh(`readlink /proc/1/ns/${name}; readlink /proc/self/ns/${name}`)).output).toMatch(/^(.+)\n\1\n$/);
    }
  });

  it('holds no fd but its stdio', async () => {
    // 3 is the directory that ls reads.
    expect((await world.run(keeper, ['ls', '/proc/self/fd'])).output).toBe('0\n1\n2\n3\n');
    const init = (await sh('ls -l /proc/1/fd')).output;
    expect(init.match(/-> .*/g)?.map((to) => to.slice(3))).toEqual(['/dev/console', '/dev/console', '/dev/console']);
  });

  it('may open its stdio anew, as another user too', async () => {
    expect(await world.run(keeper, ['sh', '-c', 'echo hi > /proc/self/fd/2'], { uid: 1000 })).toEqual({ code: 0, output: 'hi\n' });
  });

  it('gets a terminal of the size asked for, its own and controlling', async () => {
    const exec = await keeper.exec({
      argv: ['sh', '-c', 'tty; stty size; echo > /dev/tty; stat -c %u $(tty); read x; stty size; exit 5'],
      env: ['PATH=/bin'],
      cwd: '/',
      uid: 1000,
      gid: 1000,
      stdio: { terminal: true, columns: 100, rows: 30 },
    });
    const terminal = exec.terminal as number;
    setWindowSize(terminal, 120, 40);
    writeSync(terminal, '\n');
    expect(await exec.exited).toBe(5);
    const said = readTerminal(terminal).replaceAll('\r', '');
    expect(said).toContain('/dev/pts/1\n');
    expect(said).toContain('\n1000\n');
    expect(said).toContain('40 120\n');
    closeFd(terminal);
  });

  it('is signalled, by terminal and by number', async () => {
    const stdio = { terminal: true as const, columns: 80, rows: 25 };
    const first = await keeper.exec({ argv: ['sleep', '1000'], env: ['PATH=/bin'], cwd: '/', uid: 0, gid: 0, stdio });
    writeSync(first.terminal as number, '\x03');
    expect(await first.exited).toBe(130);
    const second = await keeper.exec({ argv: ['sleep', '1000'], env: ['PATH=/bin'], cwd: '/', uid: 0, gid: 0, stdio });
    second.signal(15);
    expect(await second.exited).toBe(143);
    for (const exec of [first, second]) closeFd(exec.terminal as number);
  });

  it('runs by the dozen at once', async () => {
    const runs = await Promise.all(Array.from({ length: 40 }, (_, i) => sh(`exit ${i}`)));
    expect(runs.map((run) => run.code)).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  it('is under the same filter as init', async () => {
    const seccomp = await addon.compileSeccomp({ defaultAction: 'allow', rules: [{ syscall: 'sethostname', action: 'EPERM' }] });
    const other = await world.keepers.launch(world.plan({ seccomp }));
    expect(await world.run(other, ['hostname', 'x'])).toMatchObject({ code: 1 });
    expect((await world.run(other, ['cat', '/proc/1/status'])).output).toMatch(/^Seccomp:\t2$/m);
    expect((await world.run(other, ['cat', '/proc/self/status'])).output).toMatch(/^Seccomp:\t2$/m);
    expect((await world.run(other, ['hostname'])).output).toBe('guest\n');
    await other.kill();
  });

  it('ends with its container', async () => {
    const plan = world.plan();
    const other = await world.keepers.launch(plan);
    const null_ = openSync('/dev/null', 'r+');
    const exec = await other.exec({
      argv: ['sleep', '1000'],
      env: ['PATH=/bin'],
      cwd: '/',
      uid: 0,
      gid: 0,
      stdio: { terminal: false, stdin: null_, stdout: null_, stderr: null_ },
    });
    closeSync(null_);
    expect(readFileSync(`/proc/${exec.pid}/comm`, 'utf8')).toBe('sleep\n');
    await other.kill();
    expect(await exec.exited).toBe(137);
    await expect(
      other.exec({ argv: ['true'], env: [], cwd: '/', uid: 0, gid: 0, stdio: { terminal: true, columns: 1, rows: 1 } }),
    ).rejects.toMatchObject({ code: 'instance.not_running' });
    expect(await world.traces(plan)).toEqual([]);
  });

  it('cannot be looked into on its way in', async () => {
    // The guest's root tries to read what the keeper's children have open while they come in.
    const script = 'n=0; while [ $n -lt 150 ]; do n=$((n+1)); ls -l /proc/[0-9]*/exe; done 2>/dev/null | grep -c keeper';
    const spy = world.run(keeper, ['sh', '-c', script]);
    for (let i = 0; i < 8; i += 1) await Promise.all(Array.from({ length: 20 }, () => world.run(keeper, ['true'])));
    expect((await spy).output.trim()).toBe('0');
  });

  it('is not given the devices that its stdio may be', () => {
    expect(statSync('/dev/null').uid).toBe(0);
  });
});
