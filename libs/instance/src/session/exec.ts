import { open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import type { WebSocket } from 'ws';
import { delay, type JsonObject, type StringMap } from '#lib/base';
import { LxError } from '#lib/contract';
import type { LiveContext } from '#lib/engine';
import { closeFd, type ExecRequest, isErrno, type Keeper, pipe, type RunningExec, setWindowSize } from '#lib/host';
import { obey } from './control.ts';
import { closed, onAbort, pipeStream, pumpIn, pumpOut, sendEnd, terminalStream } from './stream.ts';

export interface ExecWish {
  command: string[];
  environment: string[];
  cwd: string;
  uid: number;
  gid: number;
  columns: number;
  rows: number;
}

/** Once a command is dead, its children may hold its terminal open; nobody waits longer than this for a next byte, in ms. */
const IDLE_MS = 100;
/** The most that a pipe or a terminal can hold: /proc/sys/fs/pipe-max-size as it is by default (pipe(7)). */
const PIPE_BYTES = 1024 * 1024;
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
  const stdio = { terminal: true, columns: wish.columns, rows: wish.rows } as const;
  const running = await started(keeper.exec(request(wish, stdio)));
  const fd = running.terminal;
  if (fd === null) throw new Error('the keeper gave no terminal');
  const stream = terminalStream(fd);
  const resize = (columns: number, rows: number) => {
    if (!stream.destroyed) setWindowSize(fd, columns, rows);
  };
  watchControl(live, running, resize);
  // The end of the input leaves the terminal open; a client that is gone hangs it up.
  pumpIn(socket, stream, { ended: () => {}, gone: () => stream.destroy() });
  const output = pumpOut(stream, socket).then(() => sendEnd(socket, live.signal));
  const code = await running.exited;
  await drained(stream);
  stream.destroy();
  await output;
  return outcome(live, code);
}

/** Three pipes, a socket each. */
export async function runPiped(keeper: Keeper, wish: ExecWish, live: LiveContext): Promise<JsonObject> {
  const [stdin, stdout, stderr] = await Promise.all([
    live.socket('0', CONNECT_MS),
    live.socket('1', CONNECT_MS),
    live.socket('2', CONNECT_MS),
  ]);
  const { theirs, input, outputs } = openPipes();
  try {
    const [theirInput, theirOutput, theirErrors] = theirs;
    const stdio = { terminal: false, stdin: theirInput, stdout: theirOutput, stderr: theirErrors } as const;
    const running = await started(keeper.exec(request(wish, stdio))).finally(() => theirs.forEach(closeFd));
    watchControl(live, running, () => {});
    pumpIn(stdin, input, { ended: () => input.end(), gone: () => input.end() });
    const pumped = [
      pumpOut(outputs[0], stdout).then(() => sendEnd(stdout, live.signal)),
      pumpOut(outputs[1], stderr).then(() => sendEnd(stderr, live.signal)),
    ];
    const code = await running.exited;
    // What the command left behind may still write: its output ends when the last holder closes it, or the client goes.
    await Promise.race([Promise.all(outputs.map(closed)), clientGone(live, [stdout, stderr])]);
    for (const stream of outputs) stream.destroy();
    await Promise.all(pumped);
    return outcome(live, code);
  } finally {
    for (const stream of [input, ...outputs]) stream.destroy();
  }
}

/** Resolves when nobody can hear the output any more: both of its sockets are closed, or the one that controls. */
async function clientGone(live: LiveContext, outputs: readonly WebSocket[]): Promise<void> {
  const control = live.socket('control').then(gone, () => new Promise<never>(() => {}));
  const stopping = new Promise<void>((resolve) => onAbort(live.signal, resolve));
  await Promise.race([Promise.all(outputs.map(gone)), control, stopping]);
}

async function gone(socket: WebSocket): Promise<void> {
  if (socket.readyState !== socket.CLOSED) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

/** The exit codes by which a shell, and so the keeper, tells that there was nothing to execute; LXD fails the operation on them. */
const unexecuted: Readonly<Record<number, 'exec.not_executable' | 'exec.not_found'>> = {
  126: 'exec.not_executable',
  127: 'exec.not_found',
};

/** The operation's end: a failure that keeps the exit code where the command could not be executed. */
function outcome(live: LiveContext, code: number, more: JsonObject = {}): JsonObject {
  const result = { return: code, ...more };
  const failure = unexecuted[code];
  if (!failure) return result;
  live.progress(result);
  throw new LxError(failure);
}

/** Our ends as streams, the command's as fds that the caller closes. All or nothing. */
function openPipes(): { theirs: readonly [number, number, number]; input: Socket; outputs: readonly [Socket, Socket] } {
  const fds: number[] = [];
  const streams: Socket[] = [];
  const opened = () => {
    const { read, write } = pipe();
    fds.push(read, write);
    return { read, write };
  };
  const stream = (fd: number, way: 'in' | 'out') => {
    fds.splice(fds.indexOf(fd), 1);
    const made = pipeStream(fd, way);
    streams.push(made);
    return made;
  };
  try {
    const pipes = [opened(), opened(), opened()] as const;
    const input = stream(pipes[0].write, 'in');
    const outputs = [stream(pipes[1].read, 'out'), stream(pipes[2].read, 'out')] as const;
    return { theirs: [pipes[0].read, pipes[1].write, pipes[2].write], input, outputs };
  } catch (error) {
    for (const each of streams) each.destroy();
    fds.forEach(closeFd);
    throw error;
  }
}

/** Output to files, or nowhere: `nowhere` is an open /dev/null. */
export async function runDetached(
  keeper: Keeper,
  wish: ExecWish,
  live: LiveContext,
  nowhere: number,
  record: { stdout: string; stderr: string; urls: JsonObject } | null,
): Promise<JsonObject> {
  const files = record ? await Promise.all([record.stdout, record.stderr].map((path) => open(path, 'w', 0o600))) : [];
  try {
    const [stdout = nowhere, stderr = nowhere] = files.map((file) => file.fd);
    const running = await started(keeper.exec(request(wish, { terminal: false, stdin: nowhere, stdout, stderr })));
    // The command needs nobody: it goes on when the server ends.
    const left = new Promise<never>((_, reject) => onAbort(live.signal, () => reject(new LxError('server.stopping'))));
    const code = await Promise.race([running.exited, left]);
    return outcome(live, code, record ? { output: record.urls } : {});
  } finally {
    await Promise.all(files.map((file) => file.close()));
  }
}

/**
 * The control socket may come late or never; a client that had one and lost it takes the command with it. So does a server
 * that ends, since nobody could see the rest.
 */
function watchControl(live: LiveContext, running: RunningExec, resize: (columns: number, rows: number) => void): void {
  const lost = () => running.signal(constants.signals.SIGKILL);
  onAbort(live.signal, lost);
  live.socket('control').then(
    (socket) => obey(socket, { resize, signal: (signal) => running.signal(signal), lost }),
    () => {},
  );
}

/** An instance that ends in this moment takes its keeper with it. */
export async function started<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (isErrno(error, 'ECONNRESET', 'EPIPE')) throw new LxError('instance.not_running', undefined, { cause: error });
    // clone(2): the control group of the instance is full (limits.processes), or the host is.
    if (isErrno(error, 'EAGAIN')) throw new LxError('exec.no_process', undefined, { cause: error });
    throw error;
  }
}

/**
 * After the end of a command on a terminal: resolves at the end of its output, or once that can only be its children's, who
 * may keep the terminal for ever: when no byte has come for a while although there was room for it, or more than a terminal
 * can have held. So LXD does; of pipes it reads on to their end.
 */
async function drained(stream: Socket): Promise<void> {
  const output = { stream, atEnd: stream.bytesRead, seen: -1 };
  while (mayHaveMore(output)) await Promise.race([closed(stream), idle()]);
}

/** Whether the command's own bytes may still come: some came since the last look (`seen`), or there was no room for them. */
function mayHaveMore(output: { stream: Socket; atEnd: number; seen: number }): boolean {
  const { stream, atEnd, seen } = output;
  output.seen = stream.bytesRead;
  return !stream.closed && output.seen - atEnd < PIPE_BYTES && (stream.isPaused() || output.seen > seen);
}

/** A while, and a look at what has come in it: a daemon that was busy must not take its own delay for silence. */
async function idle(): Promise<void> {
  await delay(IDLE_MS);
  await new Promise((resolve) => setImmediate(resolve));
}

/** For wishes made from a request. */
export function wishOf(
  body: { command: string[]; cwd: string; user: number; group: number; width: number; height: number },
  environment: StringMap,
): ExecWish {
  return {
    command: body.command,
    environment: Object.entries({ container: 'lxc', ...environment }).map(([key, value]) => `${key}=${value}`),
    cwd: body.cwd || homeOf(environment),
    uid: body.user,
    gid: body.group,
    columns: body.width || 80,
    rows: body.height || 24,
  };
}

/** Where a command starts that names no directory; the keeper takes / where it cannot be entered. */
function homeOf({ HOME: home = '' }: StringMap): string {
  return home.startsWith('/') ? home : '/';
}
