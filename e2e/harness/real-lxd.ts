import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Debian's LXD on a directory of its own, with a pool `d` of plain directories, in namespaces of its own: it listens nowhere but on
 * the socket in its directory, and whatever it mounts or starts goes with its first process.
 */
export class RealLxd {
  readonly #process: ChildProcess;

  private constructor(
    readonly dir: string,
    process: ChildProcess,
  ) {
    this.#process = process;
  }

  static async start(): Promise<RealLxd> {
    // Short, for the names of sockets are.
    const dir = await mkdtemp('/tmp/lxr-');
    for (const name of ['home', 'lxd']) await mkdir(join(dir, name));
    const unshared = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const lxd = new RealLxd(dir, spawn('unshare', [...unshared, 'lxd', '--group', 'root'], { env: environment(dir), stdio: 'ignore' }));
    try {
      await run('lxd', ['waitready', '--timeout', '30'], { env: environment(dir) });
      await lxd.lxc('storage', 'create', 'd', 'dir');
      await lxd.lxc('profile', 'device', 'add', 'default', 'root', 'disk', 'path=/', 'pool=d');
      return lxd;
    } catch (error) {
      await lxd.stop();
      throw error;
    }
  }

  /** The output of its client, which must succeed. */
  async lxc(...args: string[]): Promise<string> {
    const running = run('lxc', args, { env: environment(this.dir), cwd: join(this.dir, 'home') });
    // Some commands read a document from what is no terminal.
    running.child.stdin?.end();
    return (await running).stdout;
  }

  /** Of the root of an instance, or of a snapshot. */
  root(instance: string, snapshot?: string): string {
    const place = snapshot === undefined ? ['containers', instance] : ['containers-snapshots', instance, snapshot];
    return this.#inPool(...place, 'rootfs');
  }

  /** Of a custom volume, or of a snapshot. */
  volume(name: string, snapshot?: string): string {
    return this.#inPool(...(snapshot === undefined ? ['custom', `default_${name}`] : ['custom-snapshots', `default_${name}`, snapshot]));
  }

  async stop(): Promise<void> {
    const ended = this.#process.exitCode === null && this.#process.signalCode === null ? once(this.#process, 'exit') : null;
    await run('lxd', ['shutdown', '--timeout', '10'], { env: environment(this.dir), timeout: 15_000 }).catch(() =>
      this.#process.kill('SIGKILL'),
    );
    await ended;
    await rm(this.dir, { recursive: true, force: true });
  }

  #inPool(...path: string[]): string {
    return join(this.dir, 'lxd/storage-pools/d', ...path);
  }
}

function environment(dir: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: join(dir, 'home'), LXD_DIR: join(dir, 'lxd'), LC_ALL: 'C.UTF-8' };
}
