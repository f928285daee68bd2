import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { LxError } from '#lib/contract';
import { isErrno } from '../errno.ts';
import { packageOf } from './packages.ts';

/** A program that ran and failed. `message` is its last words. */
export class ProgramFailed extends Error {
  override name = 'ProgramFailed';

  constructor(
    message: string,
    /** null when a signal ended it. */
    readonly code: number | null = null,
  ) {
    super(message);
  }
}

export interface RunningProgram {
  pid: number | undefined;
  stdout: Readable | null;
  stdin: Writable | null;
  /** Rejects with ProgramFailed, or LxError 'program.missing'. Then nothing of it runs any more. */
  done: Promise<void>;
}

export interface ProgramOptions {
  cwd?: string;
  /** Instead of the daemon's own. */
  env?: Readonly<Record<string, string>>;
  /** Who it runs as; only root may choose. */
  identity?: { uid?: number; gid?: number };
  /** What it reads on its standard input, all of it. */
  input?: string;
  /** stdin and stdout; stderr is always read. */
  stdio?: [stdin: 'ignore' | 'pipe' | number, stdout: 'ignore' | 'pipe'];
  signal?: AbortSignal | undefined;
  /** The program is killed when it has not ended by then. */
  timeoutMs?: number;
  /** Which line of stderr tells what went wrong; the last one unless said. */
  tellingLine?: 'first' | 'last';
  /** Gets each line of stderr. */
  onLine?: (line: string) => void;
  /** Names what `program` starts in its turn: it is missing when the exit code is 127. */
  starts?: string;
}

/** The last words of a program are told, not its whole complaint. Characters. */
const wordsLimit = 4096;

/** Starts a program of the host, in the C locale. */
export function startProgram(program: string, args: readonly string[], options: ProgramOptions = {}): RunningProgram {
  const [stdin, stdout] = options.stdio ?? [options.input === undefined ? 'ignore' : 'pipe', 'ignore'];
  const child: ChildProcess = spawn(program, args, {
    cwd: options.cwd,
    stdio: [stdin, stdout, 'pipe'],
    env: options.env ?? { ...process.env, LC_ALL: 'C.UTF-8' },
    ...options.identity,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' }),
  });
  const words = wordsOf(child, options);
  const done = new Promise<void>((resolve, reject) => {
    let failure: Error | null = null;
    // An abort is told before the program has ended; whoever removes its files must wait for that.
    child.on('error', (error: Error) => {
      failure = isErrno(error, 'ENOENT') && error.syscall.startsWith('spawn') ? missing(program, error) : error;
      if (child.pid === undefined) reject(failure);
    });
    child.on('close', (code, signal) => {
      if (failure) reject(failure);
      else if (code === 0) resolve();
      else if (code === 127 && options.starts !== undefined) reject(missing(options.starts));
      else reject(new ProgramFailed(words() || endOf(options.starts ?? program, code, signal, options.timeoutMs), code));
    });
  });
  // EPIPE when it dies before it has read all: its end says more.
  if (options.input !== undefined) child.stdin?.on('error', () => {}).end(options.input);
  // Whoever reads stdout may fail first and never look at `done`.
  done.catch(() => {});
  return { pid: child.pid, stdout: child.stdout, stdin: child.stdin, done };
}

/** Runs a program to its end. */
export async function runProgram(program: string, args: readonly string[], options: ProgramOptions = {}): Promise<void> {
  await startProgram(program, args, options).done;
}

/** Runs a program and collects what it prints, at most so many bytes. */
export function programOutput(program: string, args: readonly string[], limit: number, options: ProgramOptions = {}): Promise<string> {
  return outputOf(
    startProgram(program, args, { ...options, stdio: [options.stdio?.[0] ?? (options.input === undefined ? 'ignore' : 'pipe'), 'pipe'] }),
    program,
    limit,
  );
}

/** What a running program prints, at most so many bytes. */
export async function outputOf(running: RunningProgram, program: string, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of running.stdout ?? []) {
    length += (chunk as Buffer).length;
    if (length > limit) {
      running.stdout?.destroy();
      throw new ProgramFailed(`${program} printed more than ${limit} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  await running.done;
  return Buffer.concat(chunks).toString('utf8');
}

function missing(program: string, cause?: unknown): LxError<'program.missing'> {
  return new LxError('program.missing', { program, package: packageOf(program) }, { cause });
}

function endOf(program: string, code: number | null, signal: NodeJS.Signals | null, timeoutMs?: number): string {
  if (signal === 'SIGKILL' && timeoutMs !== undefined) return `${program} did not end within ${timeoutMs / 1000} s`;
  return `${program} ended with ${signal ?? `exit code ${code}`}`;
}

/** Reads stderr; gives the line that says most, which is never tar's summary. */
function wordsOf(child: ChildProcess, { onLine, tellingLine = 'last' }: ProgramOptions): () => string {
  let words = '';
  let begun = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = tellingLine === 'last' ? (words + text).slice(-wordsLimit) : (words + text).slice(0, wordsLimit);
    if (!onLine) return;
    const lines = (begun + text).split('\n');
    begun = (lines.pop() ?? '').slice(-wordsLimit);
    for (const line of lines) if (line.trim() !== '') onLine(line.trim());
  });
  child.stderr?.on('end', () => {
    if (begun.trim() !== '') onLine?.(begun.trim());
  });
  return () => {
    const lines = words.split('\n').map((line) => line.trim());
    return lines.filter(saysSomething).at(tellingLine === 'last' ? -1 : 0) ?? '';
  };
}

function saysSomething(line: string): boolean {
  return line !== '' && !line.includes('Exiting with failure status') && line !== 'tar: Child returned status 1';
}
