import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A shell command on a real terminal, as a person would have it: script(1) holds the master side. */
export class Terminal {
  /** Everything that was shown. */
  output = '';
  readonly #child: ChildProcess;

  constructor(command: string, options: { cwd: string; env: NodeJS.ProcessEnv; columns: number; rows: number }) {
    const { columns, rows, cwd, env } = options;
    const sized = `stty cols ${columns} rows ${rows}; ${command}`;
    this.#child = spawn('script', ['-qefc', sized, '/dev/null'], { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdin?.on('error', () => {}); // keys for a command that has ended
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
  }

  /** Whether the command has not ended. */
  get runs(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Resolves when the text was shown; rejects when the command ends without it. */
  async shows(text: RegExp): Promise<void> {
    const { stdout } = this.#child;
    while (!text.test(this.output)) {
      if (!stdout?.readable) throw new Error(`the terminal never showed ${text}:\n${this.output}`);
      await Promise.race([once(stdout, 'data'), once(stdout, 'end')]);
    }
  }

  /** The command's exit code. */
  async code(): Promise<number> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode ?? -1;
  }
}
