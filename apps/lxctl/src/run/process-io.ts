import { fstatSync } from 'node:fs';
import type { Io } from './io.ts';
import { CommandError } from './verb.ts';

/** The real thing. */
export function processIo(): Io {
  const { env } = process;
  return {
    // Getters: making a stream of a standard descriptor takes time that `version` need not spend.
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return process.stdout;
    },
    get stderr() {
      return process.stderr;
    },
    get terminal() {
      return { in: Boolean(process.stdin.isTTY), out: Boolean(process.stdout.isTTY), err: Boolean(process.stderr.isTTY) };
    },
    get input() {
      return inputKind();
    },
    get color() {
      return Boolean(process.stdout.isTTY) && !env.NO_COLOR && env.TERM !== 'dumb';
    },
    env,
    size: () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 }),
    rawMode,
    onResize: (listener) => {
      process.on('SIGWINCH', listener);
      return () => process.off('SIGWINCH', listener);
    },
    onSignal: (signal, listener) => {
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
    readAll: async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    },
    edit: async (text) => (await import('./editor.ts')).openEditor(text, env),
    ask: async (question) => {
      const { createInterface } = await import('node:readline/promises');
      const terminal = createInterface({ input: process.stdin, output: process.stderr });
      try {
        // An interrupt or the end of the input closes the terminal and would leave the question open for ever.
        const closed = new Promise<never>((_resolve, reject) => terminal.once('close', () => reject(new CommandError('Interrupted'))));
        return await Promise.race([terminal.question(question), closed]);
      } finally {
        terminal.close();
      }
    },
  };
}

/**
 * Node's raw mode leaves the terminal's output processing on (libuv sets ONLCR), which would make a new line of every
 * "cursor down" that a full-screen program inside sends. Node cannot turn it off, stty can; turning raw mode off again
 * restores all that was.
 */
async function rawMode(on: boolean): Promise<void> {
  if (!process.stdin.isTTY) return;
  process.stdin.setRawMode(on);
  if (!on) return;
  const { spawnSync } = await import('node:child_process');
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
}

function inputKind(): Io['input'] {
  try {
    if (process.stdin.isTTY) return 'terminal';
    const stat = fstatSync(0);
    return stat.isFile() ? 'file' : stat.isFIFO() ? 'pipe' : 'other';
  } catch {
    return 'other';
  }
}
