import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LxctlClient, UnixTransport } from '#lib/client';
import { home } from './harness/daemon.ts';
import { leftovers } from './harness/leftovers.ts';
import { runCommand } from './harness/run-command.ts';
import { Terminal } from './harness/terminal.ts';

const call = promisify(execFile);
const minutes = 60_000;

/** Why Debian packages cannot be fetched; null when they can. apt itself is asked: it knows the mirrors and proxies. */
async function obstacle(): Promise<string | null> {
  const scratch = await mkdtemp(join(tmpdir(), 'lxe-apt-'));
  try {
    const asked = ['indextargets', '--format', '$(REPO_URI)dists/$(CODENAME)/InRelease', 'Created-By: Packages', 'Codename: bookworm'];
    const { stdout } = await call('apt-get', asked);
    const release = stdout.split('\n')[0] || 'http://deb.debian.org/debian/dists/bookworm/InRelease';
    const limits = ['-o', 'Acquire::http::Timeout=10', '-o', 'Acquire::Retries=0'];
    await call('/usr/lib/apt/apt-helper', [...limits, 'download-file', release, join(scratch, 'InRelease')], { timeout: 30_000 });
    return null;
  } catch {
    return "Debian's package mirror cannot be reached";
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const reason = await obstacle();

describe.skipIf(reason)(`npm run quickstart${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let dir: string;
  let env: NodeJS.ProcessEnv;
  let client: LxctlClient;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'lxe-'));
    await chmod(dir, 0o755);
    env = { ...process.env, LXCTL_DIR: dir };
    client = new LxctlClient(new UnixTransport(join(dir, 'unix.socket')));
  });

  afterAll(async () => {
    const pid = (await readFile(join(dir, 'lxctld.pid'), 'utf8').catch(() => '')).trim();
    if (pid) {
      await call(join(home, 'bin/lxctl'), ['admin', 'shutdown', '--force'], { env });
      // The daemon is no child of this process; tail ends when it does.
      await call('tail', ['-s', '0.05', `--pid=${pid}`, '-f', '/dev/null']);
    }
    expect(await leftovers(dir)).toEqual([]);
    await rm(dir, { recursive: true, force: true });
  });

  /** Runs it to its end, without a terminal; what it said. */
  async function quickstart(): Promise<string> {
    const begin = performance.now();
    const running = call('npm', ['run', '--silent', 'quickstart'], { cwd: home, env });
    running.child.stdin?.end();
    const { stdout } = await running;
    console.log(`quickstart: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    return stdout;
  }

  const inside = async (...command: string[]) => {
    const { code, stdout } = await runCommand(client, 'first', command, {});
    return code === 0 ? stdout.trim() : `exit code ${code}`;
  };

  async function stands(said: string): Promise<void> {
    const first = await client.instances.getFull('first');
    expect(first.status).toBe('Running');
    expect(first.config).toMatchObject({ 'image.os': 'Debian', 'image.release': 'bookworm' });
    expect(await inside('systemctl', 'is-system-running')).toBe('running');

    const [nic] = Object.values(first.expanded_devices).filter((device) => device.type === 'nic');
    const leases = await client.networks.leases(nic?.network ?? '');
    const lease = leases.find((each) => each.hostname === 'first');
    expect(lease).toMatchObject({ type: 'dynamic', hwaddr: first.config['volatile.eth0.hwaddr'] });
    const addresses = first.state?.network?.eth0?.addresses.map((each) => each.address);
    expect(addresses).toContain(lease?.address);

    const second = leases.find((each) => each.hostname === 'second');
    expect(await inside('getent', 'ahostsv4', 'second')).toMatch(new RegExp(`^${second?.address} `));
    expect(await inside('ping', '-c', '1', '-W', '5', 'second')).toContain(' 0% packet loss');
    const host = (await inside('ip', '-4', 'route', 'show', 'default')).split(' ')[2] ?? '';
    expect(await inside('ping', '-c', '1', '-W', '5', host)).toContain(' 0% packet loss');

    expect(said).toMatch(/\| first +\| RUNNING \|/);
    const [, next = ''] = said.split('What to try next:\n');
    expect(next).toContain('bin/lxctl shell first');
    expect(next).toContain(`LXCTL_DIR=${dir}`);
  }

  it('ends with a Debian container that is up and reaches what is around it', { timeout: 5 * minutes }, async () => {
    await stands(await quickstart());
  });

  it('gives a login on a terminal', async () => {
    const terminal = new Terminal('bin/lxctl shell first', { cwd: home, env: { ...env, TERM: 'xterm' }, columns: 132, rows: 43 });
    await terminal.shows(/root@first:~# /);
    terminal.type('echo "tty=$(tty) uid=$(id -u) size=$(stty size) login=$(shopt login_shell)"\n');
    await terminal.shows(/tty=\/dev\/pts\/\d+ uid=0 size=43 132 login=login_shell\s+on/);
    terminal.type('exit 7\n');
    expect(await terminal.code()).toBe(7);
  });

  it('lets systemd hand credentials and directories of their own to its services, and none of it reaches the host', async () => {
    const unit = (name: string, lines: string) => `printf '[Service]\\nType=oneshot\\n${lines}' > /etc/systemd/system/${name}.service`;
    const script = [
      'echo hush > /etc/token',
      unit('told', 'LoadCredential=token:/etc/token\\nExecStart=sh -c "cat $CREDENTIALS_DIRECTORY/token > /run/told"\\n'),
      unit('apart', 'PrivateTmp=yes\\nExecStart=sh -c "ls /tmp > /run/apart; echo mine > /tmp/mine"\\n'),
      'touch /tmp/theirs && systemctl daemon-reload && systemctl start told apart && cat /run/told && wc -c < /run/apart && ls /tmp/mine',
    ];
    expect(await inside('sh', '-c', `${script.join('; ')}; findmnt -no PROPAGATION /`)).toBe('hush\n0\nshared');
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toMatch(/credentials|systemd-private/);
  });

  it('confines services as their units say', async () => {
    const run = (properties: string, script: string) =>
      inside('systemd-run', '--wait', '--pipe', '-q', ...properties.split(' ').flatMap((each) => ['-p', each]), 'sh', '-c', script);
    const strict = 'ProtectSystem=strict ProtectHome=yes PrivateTmp=yes PrivateDevices=yes ProtectKernelTunables=yes';
    const user = 'DynamicUser=yes StateDirectory=mine PrivateUsers=yes NoNewPrivileges=yes RestrictNamespaces=yes';
    const script = 'echo kept > /var/lib/mine/f; touch /tmp/f && cat /var/lib/mine/f; touch /usr/f 2>/dev/null || echo readonly';
    expect(await run(`${strict} ${user}`, script)).toBe('kept\nreadonly');
    expect(Number(await run('DynamicUser=yes', 'id -u'))).toBeGreaterThanOrEqual(61_184);
  });

  it('holds containers of its own with security.nesting, also of users that are not root', async () => {
    await client.operations.finish(await client.instances.setState('first', { action: 'stop', force: true, timeout: 10 }));
    await client.api.send('PATCH', '/1.0/instances/first', { config: { 'security.nesting': 'true' } });
    await client.operations.finish(await client.instances.setState('first', { action: 'start', force: false, timeout: 30 }));
    const container = 'unshare --user --map-root-user --mount --pid --fork --uts --ipc --net --cgroup --mount-proc sh -c';
    const script =
      'hostname inner && mount -t sysfs s /sys && mount -t tmpfs t /mnt && mkdir /mnt/up /mnt/work && echo $$ $(id -u) $(hostname)';
    expect(await inside('sh', '-c', `${container} '${script}'`)).toBe('1 0 inner');
    expect(await inside('su', 'nobody', '-s', '/bin/sh', '-c', `${container} '${script}'`)).toBe('1 0 inner');
    expect(await inside('su', 'nobody', '-s', '/bin/sh', '-c', 'ls /dev/.lxc/proc 2>&1')).toContain('exit code 2');
    expect(await inside('systemctl', 'is-system-running', '--wait')).toBe('running');
  });

  it('can be run again', async () => {
    await stands(await quickstart());
  });
});
