import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { home as root, TestDaemon } from '../harness/daemon.ts';
import { Terminal } from '../harness/terminal.ts';

export const lxcInstalled = existsSync('/usr/bin/lxc');

/** A stock client, and the variable that says where its server's socket is. */
export interface StockProgram {
  path: string;
  directory: 'LXD_DIR' | 'INCUS_DIR';
}

const lxcProgram: StockProgram = { path: '/usr/bin/lxc', directory: 'LXD_DIR' };
/** As tools/setup.sh --test lays it down. */
export const incusProgram: StockProgram = { path: join(root, '.cache/incus/usr/bin/incus'), directory: 'INCUS_DIR' };
export const incusThere = existsSync(incusProgram.path);

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** A stock client, Debian's lxc if no other is asked for, unchanged, with LXD_DIR pointing at the state directory of a daemon of its own. */
export class StockLxc {
  private constructor(
    readonly daemon: TestDaemon,
    /** HOME of the client, and a place for files. */
    readonly home: string,
    readonly program: StockProgram,
    private readonly env: Record<string, string>,
  ) {}

  /** `env`: for the daemon and the client. */
  static async start(program: StockProgram = lxcProgram, env: Record<string, string> = {}): Promise<StockLxc> {
    const home = await mkdtemp(join(tmpdir(), 'lxc-home-'));
    await chmod(home, 0o755);
    const daemon = await TestDaemon.start(env);
    await daemon.buildImage('busybox');
    const stock = new StockLxc(daemon, home, program, env);
    // Its first command greets the user.
    await stock.run(['remote', 'list']);
    return stock;
  }

  /** Another client of the same daemon. It is the first one that is stopped. */
  async beside(program: StockProgram): Promise<StockLxc> {
    const stock = new StockLxc(this.daemon, this.home, program, this.env);
    await stock.run(['remote', 'list']);
    return stock;
  }

  async stop(): Promise<void> {
    expect(await this.daemon.stop()).toEqual([]);
    await rm(this.home, { recursive: true, force: true });
  }

  /** Its standard input is a file, which it may open again as /dev/stdin: a socket, which Node makes, it may not. */
  async run(args: readonly string[], options: { stdin?: string; env?: Record<string, string> } = {}): Promise<Result> {
    const input = join(this.home, `input-${randomUUID()}`);
    await writeFile(input, options.stdin ?? '');
    const file = await open(input, 'r');
    try {
      const env = { ...this.environment(), ...options.env };
      const child = spawn(this.program.path, args, { cwd: this.home, env, stdio: [file.fd, 'pipe', 'pipe'] });
      const [stdout, stderr, code] = await Promise.all([
        text(child.stdout ?? Readable.from([])),
        text(child.stderr ?? Readable.from([])),
        new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve)),
      ]);
      return { code: code ?? -1, stdout, stderr };
    } finally {
      await file.close();
      await rm(input);
    }
  }

  /** The output of a command that must succeed. */
  async ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    expect([code, stderr], `lxc ${args.join(' ')}`).toEqual([0, '']);
    return stdout;
  }

  /** The one line of error of a command that must fail, without `Error: `. */
  async fails(...args: string[]): Promise<string> {
    const { code, stderr } = await this.run(args);
    expect(code, `lxc ${args.join(' ')}`).toBe(1);
    return stderr.replace(/^Error: /, '').trimEnd();
  }

  /** A command that reads YAML from its standard input. */
  async feed(text: string, ...args: string[]): Promise<void> {
    const { code, stderr } = await this.run(args, { stdin: text });
    expect([code, stderr], `lxc ${args.join(' ')}`).toEqual([0, '']);
  }

  /** A program that takes the place of $EDITOR: sed with this expression. */
  async editor(expression: string): Promise<string> {
    const path = join(this.home, 'editor');
    await writeFile(path, `#!/bin/sh\nexec sed -i '${expression}' "$1"\n`, { mode: 0o755 });
    return path;
  }

  /** The client on a real terminal. */
  terminal(command: string, env: Record<string, string> = {}): Terminal {
    return new Terminal(`${this.program.path} ${command}`, {
      cwd: this.home,
      env: { ...this.environment(), ...env },
      columns: 100,
      rows: 30,
    });
  }

  /** Of its process. */
  environment(): Record<string, string> {
    return { PATH: process.env.PATH ?? '', HOME: this.home, [this.program.directory]: this.daemon.dir, TERM: 'dumb', ...this.env };
  }
}
