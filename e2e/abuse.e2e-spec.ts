import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { abuseProgram } from './harness/abuse.ts';
import { untilDirectory, untilLifecycle } from './harness/changes.ts';
import { home, TestDaemon } from './harness/daemon.ts';
import { typeInto } from './harness/run-command.ts';

/** What a guest's root, a user of the host, or a client could do to the host's health and to others. Each test tries it. */

let daemon: TestDaemon;
const sh = (name: string, script: string) => daemon.exec(name, ['sh', '-c', script]);

async function launch(name: string, config: Record<string, string> = {}): Promise<void> {
  await daemon.launchInstance(name, 'busybox', { config });
  const { code } = await daemon.exec(name, ['sh', '-c', 'base64 -d > /abuse && chmod +x /abuse'], { stdin: abuseText });
  expect(code).toBe(0);
}
const abuseText = abuseProgram().toString('base64');
const stop = (name: string) => daemon.done(daemon.client.instances.setState(name, { action: 'stop', force: true, timeout: 10 }));
const state = (name: string) => daemon.client.instances.state(name);

beforeAll(async () => {
  daemon = await TestDaemon.start();
  // As a state directory under /var/lib is: others may pass.
  await chmod(daemon.dir, 0o755);
  await daemon.buildImage('busybox');
  await launch('evil');
  await launch('peer');
  for (const name of ['evil', 'peer']) await daemon.addressed(name);
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

describe("the guest's root", () => {
  it('cannot hold up a forced stop by children it gives to its keeper', async () => {
    await launch('brood');
    expect((await daemon.exec('brood', ['/abuse', 'siblings', '200'])).code).toBe(0);
    expect((await daemon.exec('brood', ['/abuse', 'siblings', '20', '1000'])).code).toBe(0);
    await stop('brood');
    expect((await state('brood')).status).toBe('Stopped');
    await daemon.remove('brood');
  });

  it('is ended, and the log says why, when it does nothing but reboot', async () => {
    await launch('spinner');
    const nothingElse = 'rm /sbin/init; printf "#!/bin/sh\\nexec reboot -f\\n" > /sbin/init; chmod +x /sbin/init; reboot -f';
    await untilLifecycle(daemon.client, 'instance-stopped', 'spinner', () => sh('spinner', nothingElse).catch(() => {}));
    expect((await state('spinner')).status).toBe('Stopped');
    while (!daemon.log.includes('the end of spinner')) await once(daemon.process?.stdout as NodeJS.ReadableStream, 'data');
    expect(daemon.log).toContain('rebooted more than 20 times within a minute');
    await daemon.remove('spinner');
  });

  it('has as many processes as it may, and no more', async () => {
    await launch('bomber', { 'limits.processes': '60' });
    const made = Number((await daemon.exec('bomber', ['/abuse', 'bomb', '5000'])).stdout);
    expect(made).toBeGreaterThan(20);
    expect(made).toBeLessThanOrEqual(60);
    expect((await sh('peer', 'echo well')).stdout).toBe('well\n');
    expect((await state('bomber')).processes).toBeLessThanOrEqual(60);
    await stop('bomber');
    await daemon.remove('bomber');
  });

  it('runs out of its own memory only', async () => {
    await launch('hog', { 'limits.memory': '64MiB', 'limits.memory.swap': 'false' });
    const { code, stdout } = await daemon.exec('hog', ['/abuse', 'hog', '400']);
    expect([code, stdout]).toEqual([137, '']);
    expect((await state('hog')).status).toBe('Running');
    expect((await state('hog')).memory.usage_peak).toBeLessThanOrEqual(64 * 1024 * 1024);
    expect((await sh('peer', 'echo well')).stdout).toBe('well\n');
    await stop('hog');
    await daemon.remove('hog');
  });

  it('may call its links what it likes, in the API and on the terminal', async () => {
    await launch('namer');
    // Its own DHCP client is done with the link.
    await daemon.addressed('namer');
    await sh('namer', 'ip link set eth0 down; ip addr add 10.1.2.3/24 dev eth0; /abuse rename eth0 __proto__');
    const text = JSON.stringify((await state('namer')).network);
    expect(text).toContain('"__proto__":{"addresses"');
    expect(Object.keys(JSON.parse(text) as object).sort()).toEqual(['__proto__', 'lo']);
    const name = '\x1b[2J\x07\xe2\x80\xae';
    const renamed = await daemon.exec('namer', ['/abuse', 'rename', '__proto__', name]);
    expect(renamed).toMatchObject({ code: 0 });
    const shown = (...args: string[]) =>
      execFileSync(process.execPath, [join(home, 'bin/lxctl'), ...args], {
        env: { ...process.env, LXCTL_DIR: daemon.dir },
        encoding: 'utf8',
      });
    for (const output of [shown('list'), shown('list', '-f', 'compact'), shown('info', 'namer')]) {
      expect(output).toContain('10.1.2.3');
      expect(output).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    }
    await stop('namer');
    await daemon.remove('namer');
  });

  it('cannot answer for the kernel when the server asks for its addresses', async () => {
    const before = await state('evil');
    expect((await daemon.exec('evil', ['/abuse', 'forge'])).stdout).toMatch(/^0 sent, [1-9]\d* refused\n$/);
    expect(Object.keys((await state('evil')).network ?? {})).toEqual(Object.keys(before.network ?? {}));
  });

  it("takes no other's name in the DNS, nor one that others look for", async () => {
    const server = (await sh('evil', 'sed -n "s/nameserver //p" /etc/resolv.conf')).stdout.trim();
    const find = async (name: string) => (await sh('peer', `nslookup ${name} ${server}`)).stdout.split('Name:').slice(1).join('');
    const own = /Address: (\S+)/.exec(await find('peer'))?.[1];
    expect(own).toBeDefined();
    for (const name of ['peer', 'wpad', 'isatap', 'localhost', '_gateway', 'host']) {
      const asked = await sh('evil', `udhcpc -i eth0 -n -q -t 3 -T 1 -F ${name} -x hostname:${name} -s /bin/true`);
      expect(asked.code, asked.stderr).toBe(0);
    }
    const evil = /Address: (\S+)/.exec(await find('evil'))?.[1];
    expect(/Address: (\S+)/.exec(await find('peer'))?.[1]).toBe(own);
    for (const name of ['wpad', 'isatap', 'localhost', '_gateway', 'host']) expect(await find(name), name).not.toContain(evil);
  });

  it('writes in no version 1 hierarchy it mounts, and starts no program of its choice on the host', async () => {
    const hierarchies = (await readFile('/proc/cgroups', 'utf8'))
      .split('\n')
      .slice(1, -1)
      .flatMap((line) => line.split('\t')[0] ?? []);
    for (const options of [...hierarchies, 'none,name=systemd']) {
      const { stdout } = await sh(
        'evil',
        `mkdir -p /v1; mount -t cgroup -o ${options} none /v1 2>/dev/null || { echo unmounted; exit; }
        for file in release_agent notify_on_release cgroup.procs tasks devices.allow; do
          [ -e /v1/$file ] && (echo 1 > /v1/$file) 2>/dev/null && echo wrote $file
        done
        mkdir /v1/below 2>/dev/null && echo made below
        umount /v1`,
      );
      expect(stdout, options).toMatch(/^(unmounted\n)?$/);
    }
    expect((await sh('evil', 'mount -t cgroup -o none,name=mine none /v1')).code).not.toBe(0);
  });

  it('sees nothing of the host in a command on its way in', async () => {
    const spy = `while [ ! -e /tmp/enough ]; do for p in /proc/[0-9]*; do
        readlink $p/exe; readlink $p/cwd; readlink $p/root; cat $p/maps $p/environ; ls -l $p/fd $p/map_files; done; done >> /tmp/seen 2>/dev/null`;
    await sh('evil', `(${spy}) </dev/null >/dev/null 2>&1 &`);
    for (let round = 0; round < 15; round++) await Promise.all(Array.from({ length: 10 }, () => daemon.exec('evil', ['true'])));
    const { stdout } = await sh('evil', `touch /tmp/enough; wc -l < /tmp/seen; grep -E "lxctl|keeper|${daemon.dir}" /tmp/seen`);
    const [lines, ...found] = stdout.trim().split('\n');
    expect(Number(lines)).toBeGreaterThan(100);
    expect(found).toEqual([]);
  });

  it("cannot type into the terminal of a command's user, nor write where its output is kept", async () => {
    const recorded = await daemon.client.instances.exec('evil', {
      command: ['sh', '-c', 'cat < /proc/self/fd/1; echo more > /proc/self/fd/1; ls /proc/self/fd/1/..; chmod 777 /proc/self/fd/1; true'],
      environment: {},
      'wait-for-websocket': false,
      interactive: false,
      'record-output': true,
      width: 0,
      height: 0,
      user: 0,
      group: 0,
      cwd: '',
    });
    const { metadata } = await daemon.client.operations.wait(recorded.id, 60);
    expect(metadata?.return).toBe(0);
    const logs = join(daemon.dir, 'logs/evil');
    const name = (await readdir(logs)).find((each) => each.endsWith('.stdout')) ?? '';
    expect(await readFile(join(logs, name), 'utf8')).toBe('');
    // A pipe of the server's, and no terminal of the host's, is a command's input.
    expect((await daemon.exec('evil', ['/abuse', 'type', 'rm -rf /\n'])).code).not.toBe(0);
  });
});

describe("the guest's root and terminals", () => {
  it.each(['mkfifo /tmp/fake', ': > /tmp/fake', 'touch /tmp/fake; mount --bind /dev/full /tmp/fake'])(
    'puts no file of its own (%s) in the place of a new terminal',
    async (script) => {
      expect((await sh('evil', `rm -f /tmp/fake; ${script}; mount --bind /tmp/fake /dev/pts/ptmx`)).code).toBe(0);
      const size = { width: 80, height: 24 };
      await expect(typeInto(daemon, 'evil', ['true'], '', size)).rejects.toThrow();
      await sh('evil', 'umount /dev/pts/ptmx; umount /tmp/fake; true');
      expect((await typeInto(daemon, 'evil', ['tty'], '', size)).output).toMatch(/^\/dev\/pts\/\d+\r\n$/);
    },
  );

  it('advertises no route to the host: the bridge speaks no IPv6, whatever the guests send', async () => {
    for (const bridge of await readdir(join(daemon.dir, 'networks'))) {
      const setting = (name: string) => readFile(`/proc/sys/net/ipv6/conf/${bridge}/${name}`, 'utf8');
      expect([await setting('accept_ra'), await setting('disable_ipv6')]).toEqual(['0\n', '1\n']);
    }
  });
});

describe('a user of the host', () => {
  const asNobody = (script: string) =>
    spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', 'sh', '-c', script], { encoding: 'utf8' });

  it('reaches no file of the server but what it needs to know', async () => {
    const { stdout } = asNobody(`find ${daemon.dir} 2>/dev/null -type f -readable`);
    const readable = stdout
      .trim()
      .split('\n')
      .map((path) => path.slice(daemon.dir.length + 1).replace(/^networks\/[^/]+\//, ''));
    // What dnsmasq reads or writes as an unprivileged user; the certificate is public.
    for (const path of readable) expect(path).toMatch(/^(server\.crt|lxctld\.pid|dnsmasq\.(pid|leases)|dnsmasq\.hosts\/[^/]+)$/);
    expect(asNobody(`find ${daemon.dir} 2>/dev/null -writable ! -type l`).stdout).toBe('');
  });

  it("runs no setuid program that a guest's root has made", async () => {
    await sh('evil', 'cp /bin/busybox /root/rootshell; chmod 755 /root; chmod 4755 /root/rootshell');
    const shell = join(daemon.dir, 'storage-pools/default/containers/evil/upper/root/rootshell');
    expect(execFileSync('stat', ['-c', '%u %a', shell], { encoding: 'utf8' })).toBe('0 4755\n');
    expect(asNobody(`${shell} id`).status).toBe(126);
  });

  it('connects to no socket: the API, the keepers, the database', async () => {
    const sockets = execFileSync('find', [daemon.dir, '-type', 's'], { encoding: 'utf8' }).trim().split('\n');
    expect(sockets.length).toBeGreaterThan(4);
    const script = `
      const net = require('node:net');
      for (const path of process.argv.slice(1)) {
        const socket = net.connect(path, () => { console.log('connected', path); socket.destroy(); });
        socket.on('error', (error) => { if (!['EACCES', 'EPROTOTYPE'].includes(error.code)) console.log(error.code, path); });
      }`;
    const node = (paths: string[]) =>
      spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, '-e', script, '--', ...paths], {
        encoding: 'utf8',
      }).stdout;
    expect(node(sockets)).toBe('');
  });
});

describe('a client', () => {
  it('leaves nothing of an upload that it breaks off', async () => {
    const incoming = join(daemon.dir, 'images/incoming');
    const socket = connect(daemon.socket);
    socket.on('error', () => {});
    socket.write('POST /1.0/images HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 9000000\r\n\r\n');
    socket.write(Buffer.alloc(1_000_000));
    await untilDirectory(incoming, async () => (await readdir(incoming)).length > 0);
    socket.destroy();
    await untilDirectory(incoming, async () => (await readdir(incoming)).length === 0);
    expect(await daemon.client.images.list()).toHaveLength(1);
  });

  it('guesses no secret of a session, and uses none twice', async () => {
    const operation = await daemon.client.instances.exec('evil', {
      command: ['sleep', '60'],
      environment: {},
      'wait-for-websocket': true,
      interactive: false,
      'record-output': false,
      width: 0,
      height: 0,
      user: 0,
      group: 0,
      cwd: '',
    });
    const attempt = async (secret: string) => {
      const socket = new WebSocket(`ws+unix://${daemon.socket}:/1.0/operations/${operation.id}/websocket?secret=${secret}`);
      const outcome = await Promise.race([
        once(socket, 'open').then(() => 'open'),
        once(socket, 'unexpected-response').then(([, response]) => String((response as { statusCode: number }).statusCode)),
        once(socket, 'error').then(() => 'error'),
      ]);
      return { outcome, socket };
    };
    const secrets = Object.values((operation.metadata as { fds: Record<string, string> }).fds);
    for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{64}$/);
    for (const wrong of ['0', 'x'.repeat(64), secrets[0]?.slice(0, -1) ?? '', '__proto__', 'constructor'])
      expect((await attempt(wrong)).outcome, wrong).toBe('403');
    for (const none of ['', '%00']) expect((await attempt(none)).outcome, none).toBe('400');
    const [first = ''] = secrets;
    const { outcome, socket } = await attempt(first);
    expect(outcome).toBe('open');
    expect((await attempt(first)).outcome).toBe('403');
    socket.terminate();
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'gives no field, key, device, driver or type the name %s',
    async (name) => {
      const before = JSON.stringify(await daemon.client.api.get('/1.0'));
      const ask = (path: string, body: string) =>
        execFileSync('curl', ['-s', '--unix-socket', daemon.socket, '-X', 'POST', '-d', body, `http://x${path}`], { encoding: 'utf8' });
      const source = '"source":{"type":"image","alias":"busybox"}';
      for (const [path, body] of [
        ['/1.0/instances', `{"name":"x1",${source},"config":{"${name}":"x"}}`],
        ['/1.0/instances', `{"name":"x1",${source},"devices":{"${name}":{"type":"none"}}}`],
        ['/1.0/instances', `{"name":"x1",${source},"devices":{"a":{"type":"${name}"}}}`],
        ['/1.0/instances', `{"name":"x1","type":"${name}",${source}}`],
        ['/1.0/instances', `{"name":"x1","source":{"type":"${name}"}}`],
        ['/1.0/storage-pools', `{"name":"x1","driver":"${name}"}`],
        ['/1.0/storage-pools', `{"name":"x1","driver":"dir","config":{"${name}":"x"}}`],
        ['/1.0/networks', `{"name":"x1","type":"${name}"}`],
        ['/1.0/networks', `{"name":"x1","type":"bridge","config":{"${name}":"x"}}`],
      ] as const)
        expect(JSON.parse(ask(path, body)), `${path} ${body}`).toMatchObject({ type: 'error', error_code: 400 });
      expect(JSON.stringify(await daemon.client.api.get('/1.0'))).toBe(before);
    },
  );

  it.each([
    ['/1.0/instances/%00', 400],
    ['/1.0/instances/%ff%fe', 400],
    ['/1.0/instances/%2e%2e%2f%2e%2e%2fetc', 404],
    ['/1.0/instances/evil/logs/%2e%2e%2f%2e%2e%2fserver.key', 404],
    ['/1.0/instances/evil/logs/..%2f..%2fserver.key', 404],
    [`/1.0/instances/${'a'.repeat(5000)}`, 414],
    ["/1.0/instances/evil'%20OR%20'1'='1", 404],
    ["/1.0/instances/evil'%3BDROP%20TABLE%20instances%3B--", 404],
    ["/1.0/instances/evil?project=default'%20OR%20'1'='1", 404],
    ['/1.0/images/%27%20OR%20%271%27=%271', 404],
  ])('asks for %s and gets %i', async (path, status) => {
    const code = execFileSync(
      'curl',
      ['-s', '--path-as-is', '-o', '/dev/null', '-w', '%{http_code}', '--unix-socket', daemon.socket, `http://x${path}`],
      {
        encoding: 'utf8',
      },
    );
    expect(Number(code)).toBe(status);
    expect(daemon.log).not.toContain('"level":50');
  });
});
