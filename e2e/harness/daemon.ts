import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LxctlClient, UnixTransport } from '#lib/client';
import { CheckedTransport } from './checked-transport.ts';
import { leftovers, noBridgePorts } from './leftovers.ts';

export const home = resolve(import.meta.dirname, '../..');

/** A real daemon on a state directory of its own. */
export class TestDaemon {
  readonly client: LxctlClient;
  process: ChildProcess | null = null;
  /** What the daemon wrote, for the message of a failed test. */
  log = '';

  readonly #answers: CheckedTransport;

  private constructor(
    readonly dir: string,
    readonly env: Record<string, string>,
  ) {
    this.#answers = new CheckedTransport(new UnixTransport(this.socket));
    this.client = new LxctlClient(this.#answers);
  }

  /** Rejects with the daemon's words when it ends before it is ready; nothing of it is left then. */
  static async start(env: Record<string, string> = {}): Promise<TestDaemon> {
    const dir = await mkdtemp(join(tmpdir(), 'lxe-'));
    const daemon = new TestDaemon(dir, env);
    try {
      await daemon.launch();
    } catch (error) {
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
    return daemon;
  }

  get socket(): string {
    return join(this.dir, 'unix.socket');
  }

  /** Starts the process and resolves when it serves requests. `extra` counts for this start only. */
  async launch(extra: Record<string, string> = {}): Promise<void> {
    const { NODE_EXTRA_CA_CERTS: _slow, LXCTL_FAULT: _fault, ...inherited } = process.env;
    const child = spawn(process.execPath, [join(home, 'dist/lxctld.mjs')], {
      env: { ...inherited, LXCTL_DIR: this.dir, ...this.env, ...extra },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process = child;
    this.log = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the daemon ended while starting:\n${this.log}`);
    });
    await Promise.race([this.#ready(), ended]);
    ended.catch(() => {});
  }

  /** SIGKILL, and its end. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Resolves when the process ended by itself (a fault was injected). */
  async ended(): Promise<void> {
    if (this.process && this.process.exitCode === null && this.process.signalCode === null) await once(this.process, 'exit');
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.launch();
  }

  /** Ends instances, networks, database and daemon, removes the directory, and returns what is left of any of it, after answers that are not
   * as LXD describes them. */
  async stop(): Promise<string[]> {
    const names = await this.client.instances.list().catch(() => []);
    for (const { name, status } of names) {
      if (status !== 'Stopped')
        await this.done(this.client.instances.setState(name, { action: 'stop', force: true, timeout: 10 })).catch(() => {});
    }
    await noBridgePorts(this.dir);
    const exit = this.ended();
    await this.client.api.send('PUT', '/internal/shutdown?force=true').catch(() => this.process?.kill('SIGTERM'));
    await exit;
    const left = await leftovers(this.dir);
    await rm(this.dir, { recursive: true, force: true });
    return [...this.#answers.problems, ...left];
  }

  /** Waits for an operation; rejects with its error. */
  async done(operation: ReturnType<LxctlClient['instances']['delete']>) {
    return this.client.operations.finish(await operation);
  }

  async buildImage(recipe: string): Promise<void> {
    await this.done(this.client.images.build(recipe));
  }

  /** The command's exit code and output. */
  async exec(
    name: string,
    command: string[],
    options: { stdin?: string; user?: number; cwd?: string; environment?: Record<string, string> } = {},
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const { runCommand } = await import('./run-command.ts');
    return runCommand(this.client, name, command, options);
  }

  /** Waits for the address that the guest's DHCP client gets for eth0. */
  async addressed(name: string): Promise<void> {
    await this.exec(name, ['sh', '-c', 'until ip -4 addr show eth0 | grep -q "inet "; do usleep 50000; done']);
  }

  async launchInstance(name: string, image = 'busybox', body: Record<string, unknown> = {}): Promise<void> {
    await this.done(this.client.instances.create({ name, source: { type: 'image', alias: image }, ...body }));
    await this.done(this.client.instances.setState(name, { action: 'start', timeout: 30, force: false }));
  }

  async remove(name: string): Promise<void> {
    const { status } = await this.client.instances.get(name);
    if (status !== 'Stopped') await this.done(this.client.instances.setState(name, { action: 'stop', timeout: 10, force: true }));
    await this.done(this.client.instances.delete(name));
  }

  /** Process id of the embedded Postgres. */
  async postgresPid(): Promise<number> {
    const text = await readFile(join(this.dir, 'postgres/data/postmaster.pid'), 'utf8');
    return Number(text.split('\n')[0]);
  }

  async #ready(): Promise<void> {
    const { stdout } = this.process ?? {};
    // The daemon says so on its standard output once it serves requests.
    for (let seen = false; !seen; ) {
      seen = /\bready\b/.test(this.log);
      if (!seen) await once(stdout as NodeJS.ReadableStream, 'data');
    }
    await this.client.api.get('/internal/ready');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }
}
