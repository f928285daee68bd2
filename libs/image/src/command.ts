import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { LxError } from '#lib/contract';

/** Debian packages of the programs this library runs. */
const packages: Record<string, string> = {
  bzip2: 'bzip2',
  gzip: 'gzip',
  lz4: 'lz4',
  mmdebstrap: 'mmdebstrap',
  setpriv: 'util-linux',
  tar: 'tar',
  unshare: 'util-linux',
  unsquashfs: 'squashfs-tools',
  xz: 'xz-utils',
  zstd: 'zstd',
};

/** A program that ran and failed. `message` is its last words. */
export class CommandFailed extends Error {
  override name = 'CommandFailed';
}

export interface Running {
  stdout: Readable | null;
  stdin: Writable | null;
  /** Rejects with CommandFailed, or LxError 'image.tool_missing'. */
  done: Promise<void>;
}

export interface CommandOptions {
  cwd?: string;
  /** stdin and stdout; stderr is always read. */
  stdio?: [stdin: 'ignore' | 'pipe' | number, stdout: 'ignore' | 'pipe'];
  signal?: AbortSignal | undefined;
  /** Gets each line of stderr. */
  onLine?: (line: string) => void;
}

/** Starts a program of the host, in the C locale. */
export function start(tool: string, args: readonly string[], options: CommandOptions = {}): Running {
  const [stdin, stdout] = options.stdio ?? ['ignore', 'ignore'];
  const child: ChildProcess = spawn(tool, args, {
    cwd: options.cwd,
    stdio: [stdin, stdout, 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    ...(options.signal ? { signal: options.signal } : {}),
  });
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) if (line.trim() !== '') options.onLine?.(line.trim());
    words = (words + text).slice(-4096);
  });
  const done = new Promise<void>((resolve, reject) => {
    child.on('error', (problem: NodeJS.ErrnoException) => {
      if (problem.code === 'ENOENT')
        reject(new LxError('image.tool_missing', { tool, package: packages[tool] ?? tool }, { cause: problem }));
      else reject(problem);
    });
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new CommandFailed(lastWords(words) || `${tool} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
  // Whoever reads stdout may fail first and never look at `done`.
  done.catch(() => {});
  return { stdout: child.stdout, stdin: child.stdin, done };
}

/** Runs a program to its end. */
export async function run(tool: string, args: readonly string[], options: CommandOptions = {}): Promise<void> {
  await start(tool, args, options).done;
}

/** Runs a program and collects what it prints, at most so many bytes. */
export async function output(tool: string, args: readonly string[], limit: number, options: CommandOptions = {}): Promise<string> {
  const running = start(tool, args, { ...options, stdio: ['ignore', 'pipe'] });
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of running.stdout ?? []) {
    length += (chunk as Buffer).length;
    if (length > limit) {
      running.stdout?.destroy();
      throw new CommandFailed(`${tool} printed more than ${limit} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  await running.done;
  return Buffer.concat(chunks).toString('utf8');
}

/** The line that says most: the last one that is not tar's summary. */
function lastWords(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.includes('Exiting with failure status') && line !== 'tar: Child returned status 1');
  return lines.at(-1) ?? '';
}
