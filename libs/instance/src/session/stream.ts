import { readSync } from 'node:fs';
import { Socket } from 'node:net';
import { ReadStream } from 'node:tty';
import { closeFd } from '#lib/host';
import type { WebSocket } from 'ws';

/** A socket that has this much unsent is not given more until it has caught up. */
const HIGH_WATER = 1024 * 1024;

/** A pipe's end, or a stream socket, as a stream that owns and closes the fd. The wrong way of a pipe would read EBADF. */
export function pipeStream(fd: number, way: 'in' | 'out' | 'both'): Socket {
  return owned(fd, () => new Socket({ fd, readable: way !== 'in', writable: way !== 'out' }));
}

/**
 * A pty's master as a stream. The last close of the other side reads as EIO (pty(7)), which is its end of file. Node reads
 * a terminal no further than it is listened to, so that error never overtakes what was written before.
 */
export function terminalStream(fd: number): Socket {
  const stream = owned(fd, () => new ReadStream(fd));
  stream.prependListener('end', () => {
    for (const chunk of restOf(fd)) stream.emit('data', chunk);
  });
  return stream;
}

/**
 * What a terminal still holds at its end: libuv takes a read that does not fill its buffer for the last one once the other
 * side has closed, but a terminal gives 4 kB at most however much there is.
 */
function* restOf(fd: number): Generator<Buffer> {
  for (;;) {
    const buffer = Buffer.alloc(4096);
    let size = 0;
    try {
      size = readSync(fd, buffer);
    } catch {
      // EIO: that was all.
    }
    if (size === 0) return;
    yield buffer.subarray(0, size);
  }
}

/** Closes the fd also when no stream could be made of it. */
function owned(fd: number, make: () => Socket): Socket {
  try {
    const stream = make();
    stream.on('error', () => stream.destroy());
    return stream;
  } catch (error) {
    closeFd(fd);
    throw error;
  }
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
  await closed(stream);
}

/** Not events.once(): it rejects on 'error', and EIO is how a terminal ends. */
export async function closed(stream: Socket): Promise<void> {
  if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()));
}

/**
 * Writes binary frames to the stream. `ended` is called at the end of the client's input, which an empty text frame says;
 * `gone` when its socket has closed.
 */
export function pumpIn(socket: WebSocket, stream: Socket, on: { ended: () => void; gone: () => void }): void {
  let over = false;
  let full = false;
  socket.on('message', (data, isBinary) => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as ArrayBuffer);
    if (!isBinary && bytes.length === 0) {
      if (!over) on.ended();
      over = true;
      return;
    }
    if (over || stream.destroyed || !stream.writable) return;
    // Frames that had come already are still told after the pause.
    if (stream.write(bytes) || full) return;
    full = true;
    socket.pause();
    const go = () => {
      full = false;
      stream.off('drain', go).off('close', go);
      socket.resume();
    };
    stream.on('drain', go).on('close', go);
  });
  if (socket.readyState === socket.CLOSED) on.gone();
  else socket.on('close', () => on.gone());
  socket.resume();
}

/**
 * The barrier: tells the client that this stream has ended. Resolves when it, and so all before it, is on its way, or the
 * client is gone, or `signal` says that there is no time. Closed before that, ws drops what a slow client has not taken
 * within 30 s.
 */
export async function sendEnd(socket: WebSocket, signal: AbortSignal): Promise<void> {
  if (socket.readyState !== socket.OPEN || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const over = () => {
      signal.removeEventListener('abort', over);
      resolve();
    };
    signal.addEventListener('abort', over);
    socket.once('close', over);
    socket.send('', { binary: false }, over);
  });
}

/** Calls back once when the signal is aborted, also when it is already. */
export function onAbort(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}
