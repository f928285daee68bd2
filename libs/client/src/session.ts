import type { Readable, Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { WireControl, WireOperation } from '#lib/contract';
import type { Api } from './api.ts';
import { OperationError } from './errors.ts';
import { type OperationsClient } from './resource/operations.ts';
import { segment } from './api.ts';

export interface SessionStreams {
  /** null: the command reads an empty input. */
  stdin: Readable | null;
  stdout: Writable;
  /** Takes what a command without a pty writes on its standard error. */
  stderr: Writable;
}

/** A command or a console under way. */
export interface Session {
  /** The final view of the operation, once all output is written. Rejects with OperationError when it failed without an exit code. */
  readonly done: Promise<WireOperation>;
  resize(columns: number, rows: number): void;
  /** A signal number (signal(7)) for the command. Only without a pty; on a pty keys make signals. */
  signal(number: number): void;
  /** Lets go: the sockets are dropped. The server ends a command whose control socket is lost. */
  close(): void;
}

/**
 * Connects the sockets of an exec or console operation and moves the bytes.
 *
 * On the wire (API section 2.5): data in binary frames; an empty text frame is the end of a stream in either direction;
 * with a pty socket 0 carries both directions, without one 0, 1 and 2 are the three standard streams.
 */
export async function runSession(
  api: Api,
  operations: OperationsClient,
  operation: WireOperation,
  streams: SessionStreams,
): Promise<Session> {
  const fds = (operation.metadata?.fds ?? {}) as Record<string, string>;
  const sockets = new Map<string, WebSocket>();
  const open = async ([name, secret]: [string, string]) => {
    sockets.set(
      name,
      await api.transport.socket(`/1.0/operations/${segment(operation.id)}/websocket?secret=${encodeURIComponent(secret)}`),
    );
  };
  const close = () => {
    for (const socket of sockets.values()) socket.terminate();
  };
  try {
    await Promise.all(Object.entries(fds).map(open));
  } catch (error) {
    close();
    throw error;
  }

  const pty = !sockets.has('1');
  const outputs = [receive(sockets.get(pty ? '0' : '1'), streams.stdout), receive(sockets.get('2'), streams.stderr)];
  const stopInput = send(streams.stdin, sockets.get('0'));
  const control = sockets.get('control');
  if (!pty) sockets.get('0')?.resume();
  control?.resume();
  const tell = (message: WireControl) => {
    if (control?.readyState === 1) control.send(JSON.stringify(message));
  };

  const done = (async () => {
    const view = await operations.wait(operation.id);
    // A command that could not be executed fails its operation, and has an exit code and output all the same.
    const ran = view.status_code === 200 || typeof view.metadata?.return === 'number';
    if (!ran) throw new OperationError(view.id, view.status_code, view.err || view.status);
    await Promise.all(outputs);
    return view;
  })().finally(() => {
    stopInput();
    close();
  });
  return {
    done,
    close,
    resize: (columns, rows) => tell({ command: 'window-resize', args: { width: String(columns), height: String(rows) } }),
    signal: (number) => tell({ command: 'signal', signal: number }),
  };
}

/** Resolves at the end of the stream: its empty text frame, or the end of the connection. */
function receive(socket: WebSocket | undefined, into: Writable): Promise<void> {
  if (!socket) return Promise.resolve();
  return new Promise((resolve) => {
    let full = false;
    socket.on('message', (data: RawData, isBinary: boolean) => {
      const bytes = data as Buffer;
      if (!isBinary && bytes.length === 0) return resolve();
      // Frames that had come already are still told after the pause.
      if (into.write(bytes) || full) return;
      full = true;
      socket.pause();
      into.once('drain', () => {
        full = false;
        socket.resume();
      });
    });
    socket.once('close', () => resolve());
    socket.resume();
  });
}

/** Moves the input until it ends, then says so. Returns a function that stops it. */
function send(from: Readable | null, socket: WebSocket | undefined): () => void {
  if (!socket) return () => undefined;
  const finish = () => {
    if (socket.readyState === 1) socket.send('');
  };
  if (!from) {
    finish();
    return () => undefined;
  }
  const data = (chunk: Buffer) => {
    if (socket.readyState !== 1) return;
    from.pause();
    socket.send(chunk, { binary: true }, () => from.resume());
  };
  from.on('data', data);
  from.once('end', finish);
  from.once('error', finish);
  return () => {
    from.off('data', data);
    from.off('end', finish);
    from.off('error', finish);
    from.pause();
  };
}
