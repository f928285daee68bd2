import { PassThrough, Transform } from 'node:stream';
import type { Session } from '#lib/client';
import type { WireOperation } from '#lib/contract';
import { instanceName } from '../../run/name.ts';
import { type Call, CommandError, UsageError } from '../../run/verb.ts';

type Context = Pick<Call, 'io' | 'client' | 'config'>;

/** Signals that a command without a terminal is handed instead of us. */
const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;

/** Joins the user's streams with those of an operation until it ends; the final view. */
export async function join(context: Context, operation: WireOperation, options: { pty: boolean; stdin: boolean }): Promise<WireOperation> {
  const { io, client } = context;
  const raw = options.pty && options.stdin && io.terminal.in;
  const undo: (() => unknown)[] = [];
  try {
    const streams = { stdin: options.stdin ? io.stdin : null, stdout: io.stdout, stderr: io.stderr };
    // Before the sockets: keys typed meanwhile must neither echo nor become signals.
    if (raw) {
      undo.push(() => io.rawMode(false));
      await io.rawMode(true);
    }
    const session = await client.session(operation, streams);
    undo.push(...(await wire(context, session, options.pty)));
    return await session.done;
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

async function wire({ io }: Context, session: Session, pty: boolean): Promise<(() => void)[]> {
  if (pty) {
    return [
      io.onResize(() => {
        const { columns, rows } = io.size();
        session.resize(columns, rows);
      }),
    ];
  }
  const { constants } = await import('node:os');
  return forwarded.map((name) => io.onSignal(name, () => session.signal(constants.signals[name])));
}

/** Ends the input at Ctrl-a q; a Ctrl-a with another key goes through. */
export class DetachKey extends Transform {
  #armed = false;
  readonly #detach: () => void;

  constructor(detach: () => void) {
    super();
    this.#detach = detach;
  }

  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    const out: number[] = [];
    for (const byte of chunk) {
      if (this.#armed && byte === 0x71) {
        this.#detach();
        break;
      }
      if (this.#armed) out.push(1);
      this.#armed = byte === 1;
      if (!this.#armed) out.push(byte);
    }
    if (out.length > 0) this.push(Buffer.from(out));
    done();
  }
}

/** CommandError without one. */
export function needTerminal(io: Context['io']): void {
  if (!io.terminal.in) throw new CommandError('The console needs a terminal; its log is shown by: lxctl console --show-log');
}

/** The instance that --console is for. */
export function oneAttached([name, ...others]: readonly string[], all: boolean): string {
  if (all || name === undefined || others.length > 0) throw new UsageError('--console is for one instance');
  return instanceName(name);
}

/** The console of an instance until the user lets go of it or the instance ends. */
export async function attachConsole(context: Context, name: string): Promise<void> {
  const { io, client } = context;
  needTerminal(io);
  const { columns: width, rows: height } = io.size();
  const operation = await client.instances.console(name, { width, height, type: 'console' });
  io.stderr.write('To detach from the console, press: <ctrl>+a q\r\n');
  let detached: () => void = () => undefined;
  const leaving = new Promise<void>((resolve) => {
    detached = resolve;
  });
  const keys = new DetachKey(() => detached());
  const typed = (chunk: Buffer) => keys.write(chunk);
  await io.rawMode(true);
  io.stdin.on('data', typed);
  let off: () => void = () => undefined;
  try {
    const session = await client.session(operation, { stdin: keys, stdout: io.stdout, stderr: new PassThrough() });
    off = io.onResize(() => session.resize(io.size().columns, io.size().rows));
    const ended = session.done.then(
      () => undefined,
      (error: unknown) => error,
    );
    const error = await Promise.race([ended, leaving]);
    session.close();
    if (error) throw error as Error;
  } finally {
    off();
    io.stdin.off('data', typed);
    io.stdin.pause();
    await io.rawMode(false);
    io.stderr.write('\r\n');
  }
}
