import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import type { JsonObject } from '#lib/base';
import type { LiveContext } from '#lib/engine';
import { closeFd, type ExecRequest, type Keeper, pipe, setWindowSize } from '#lib/host';
import type { WebSocket } from 'ws';
import { obey } from './control.ts';
import { pipeStream, pumpIn, pumpOut, sendEnd, terminalStream } from './stream.ts';

export interface ExecWish {
  command: string[];
  environment: string[];
  cwd: string;
  uid: number;
  gid: number;
  columns: number;
  rows: number;
}

/** Once a command is dead, its children may hold its output open; nobody waits longer than this for a next byte, in ms. */
const IDLE_MS = 100;
/** Data sockets must arrive within this time, in ms. */
const CONNECT_MS = 5000;

export const interactiveSockets = ['0', 'control'];
export const pipedSockets = ['0', '1', '2', 'control'];

function request(wish: ExecWish, stdio: ExecRequest['stdio']): ExecRequest {
  return { argv: wish.command, env: wish.environment, cwd: wish.cwd, uid: wish.uid, gid: wish.gid, stdio };
}

/** On a terminal: one socket both ways. */
export async function runInteractive(keeper: Keeper, wish: ExecWish, live: LiveContext): Promise<JsonObject> {
  const socket = await live.socket('0', CONNECT_MS);
  const running = await keeper.exec(request(wish, { terminal: true, columns: wish.columns, rows: wish.rows }));
  const fd = running.terminal;
  if (fd === null) throw new Error('the keeper gave no terminal');
  const stream = terminalStream(fd);
  const resize = (columns: number, rows: number) => {
    if (!stream.destroyed) setWindowSize(fd, columns, rows);
  };
  watchControl(live, { resize, signal: (signal) => running.signal(signal), lost: () => running.signal(constants.signals.SIGKILL) });
  // The end of the input leaves the terminal open; a client that is gone hangs it up.
  pumpIn(socket, stream, { ended: () => {}, gone: () => stream.destroy() });
  const output = pumpOut(stream, socket);
  const code = await running.exited;
  await drained(output, [stream]);
  stream.destroy();
  sendEnd(socket);
  socket.close();
  return { return: code };
}

/** Three pipes, a socket each. */
export async function runPiped(keeper: Keeper, wish: ExecWish, live: LiveContext): Promise<JsonObject> {
  const sockets = await Promise.all(['0', '1', '2'].map((name) => live.socket(name, CONNECT_MS)));
  const [stdin, stdout, stderr] = sockets as [WebSocket, WebSocket, WebSocket];
  const pipes = [pipe(), pipe(), pipe()] as const;
  const theirs = [pipes[0].read, pipes[1].write, pipes[2].write] as const;
  const input = pipeStream(pipes[0].write, 'in');
  const outputs = [pipeStream(pipes[1].read, 'out'), pipeStream(pipes[2].read, 'out')] as const;
  try {
    const running = await keeper
      .exec(request(wish, { terminal: false, stdin: theirs[0], stdout: theirs[1], stderr: theirs[2] }))
      .finally(() => theirs.forEach(closeFd));
    watchControl(live, {
      resize: () => {},
      signal: (signal) => running.signal(signal),
      lost: () => running.signal(constants.signals.SIGKILL),
    });
    pumpIn(stdin, input, { ended: () => input.end(), gone: () => input.end() });
    const pumped = [pumpOut(outputs[0], stdout).then(() => sendEnd(stdout)), pumpOut(outputs[1], stderr).then(() => sendEnd(stderr))];
    const code = await running.exited;
    await drained(Promise.all(pumped), outputs);
    return { return: code };
  } finally {
    for (const stream of [input, ...outputs]) stream.destroy();
    for (const socket of sockets) socket.close();
  }
}

/** Output to files, or nowhere: `nowhere` is an open /dev/null. */
export async function runDetached(
  keeper: Keeper,
  wish: ExecWish,
  nowhere: number,
  record: { stdout: string; stderr: string } | null,
): Promise<JsonObject> {
  const files = record ? await Promise.all([record.stdout, record.stderr].map((path) => open(path, 'w', 0o600))) : [];
  try {
    const [stdout = nowhere, stderr = nowhere] = files.map((file) => file.fd);
    const running = await keeper.exec(request(wish, { terminal: false, stdin: nowhere, stdout, stderr }));
    return { return: await running.exited };
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

/** The control socket may come late or never; a client that had one and lost it takes the command with it. */
function watchControl(live: LiveContext, actions: Parameters<typeof obey>[1]): void {
  live.socket('control').then(
    (socket) => obey(socket, actions),
    () => {},
  );
}

/** Waits for the end of the output, or until no byte has come for a while although there was room for it. */
async function drained(pumped: Promise<unknown>, streams: readonly Socket[]): Promise<void> {
  const progress = () => streams.map((stream) => stream.bytesRead).join();
  for (let seen = ''; ; ) {
    const before = progress();
    const waiting = streams.some((stream) => stream.isPaused() && !stream.destroyed);
    if (seen === before && !waiting) return;
    seen = before;
    let timer: NodeJS.Timeout | undefined;
    const idle = new Promise<'idle'>((resolve) => {
      timer = setTimeout(() => resolve('idle'), IDLE_MS);
    });
    const outcome = await Promise.race([pumped, idle]);
    clearTimeout(timer);
    if (outcome !== 'idle') return;
  }
}

/** For wishes made from a request. */
export function wishOf(
  body: { command: string[]; cwd: string; user: number; group: number; width: number; height: number },
  environment: string[],
): ExecWish {
  return {
    command: body.command,
    environment,
    cwd: body.cwd || '/',
    uid: body.user,
    gid: body.group,
    columns: body.width || 80,
    rows: body.height || 24,
  };
}
