import { Socket } from 'node:net';
import { ReadStream } from 'node:tty';
import type { WebSocket } from 'ws';

/** A socket that has this much unsent is not given more until it has caught up. */
const HIGH_WATER = 1024 * 1024;

/** A pipe's end, or a stream socket, as a stream that owns and closes the fd. The wrong way of a pipe would read EBADF. */
export function pipeStream(fd: number, way: 'in' | 'out' | 'both'): Socket {
  const stream = new Socket({ fd, readable: way !== 'in', writable: way !== 'out' });
  stream.on('error', () => stream.destroy());
  return stream;
}

/** A pty's master as a stream. The last close of the other side reads as EIO (pty(7)), which is its end of file. */
export function terminalStream(fd: number): Socket {
  const stream = new ReadStream(fd);
  stream.on('error', () => stream.destroy());
  return stream;
}

/** Sends what the stream yields as binary frames. Resolves at its end, when all has been given to the socket. */
export async function pumpOut(stream: Socket, socket: WebSocket): Promise<void> {
  stream.on('data', (chunk: Buffer) => {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(chunk, { binary: true }, () => {
      if (stream.isPaused() && socket.bufferedAmount < HIGH_WATER) stream.resume();
    });
    if (socket.bufferedAmount > HIGH_WATER) stream.pause();
  });
  // A client that has gone must not keep the command waiting on a full pipe.
  socket.on('close', () => stream.resume());
  socket.resume();
  stream.resume();
  // Not events.once(): it rejects on 'error', and EIO is how a terminal ends.
  if (!stream.destroyed) await new Promise<void>((resolve) => stream.once('close', () => resolve()));
}

/**
 * Writes binary frames to the stream. `ended` is called at the end of the client's input, which an empty text frame says;
 * `gone` when its socket has closed.
 */
export function pumpIn(socket: WebSocket, stream: Socket, on: { ended: () => void; gone: () => void }): void {
  let over = false;
  socket.on('message', (data, isBinary) => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as ArrayBuffer);
    if (!isBinary && bytes.length === 0) {
      if (!over) on.ended();
      over = true;
      return;
    }
    if (over || stream.destroyed || !stream.writable) return;
    if (!stream.write(bytes)) {
      socket.pause();
      stream.once('drain', () => socket.resume());
    }
  });
  socket.on('close', () => on.gone());
  socket.resume();
}

/** The barrier: tells the client that this stream has ended. */
export function sendEnd(socket: WebSocket): void {
  if (socket.readyState === socket.OPEN) socket.send('', { binary: false });
}
