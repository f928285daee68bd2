import { PassThrough, Readable } from 'node:stream';
import type { LxctlClient } from '#lib/client';
import type { TestDaemon } from './daemon.ts';

/** Runs a command through websockets, as clients do, and gathers what it wrote. */
export async function runCommand(
  client: LxctlClient,
  name: string,
  command: string[],
  options: { stdin?: string; user?: number; cwd?: string; environment?: Record<string, string> },
): Promise<{ code: number; stdout: string; stderr: string }> {
  const operation = await client.instances.exec(name, {
    command,
    environment: options.environment ?? {},
    'wait-for-websocket': true,
    interactive: false,
    width: 0,
    height: 0,
    'record-output': false,
    user: options.user ?? 0,
    group: options.user ?? 0,
    cwd: options.cwd ?? '',
  });
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const texts = [text(stdout), text(stderr)] as const;
  const session = await client.session(operation, {
    stdin: options.stdin === undefined ? null : Readable.from([Buffer.from(options.stdin)]),
    stdout,
    stderr,
  });
  const view = await session.done;
  stdout.end();
  stderr.end();
  return { code: Number(view.metadata?.return), stdout: await texts[0], stderr: await texts[1] };
}

async function text(stream: PassThrough): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** The body of a command on a terminal. */
export const terminal = {
  command: ['sh'],
  environment: { TERM: 'dumb' },
  'wait-for-websocket': true,
  interactive: true,
  width: 80,
  height: 24,
  'record-output': false,
  user: 0,
  group: 0,
  cwd: '',
};

/** Runs a command on a terminal and types into it. */
export async function typeInto(
  daemon: TestDaemon,
  name: string,
  command: string[],
  keys: string,
  size: { width: number; height: number },
): Promise<{ code: number; output: string }> {
  const operation = await daemon.client.instances.exec(name, { ...terminal, ...size, command });
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const output = text(stdout);
  const session = await daemon.client.session(operation, { stdin, stdout, stderr: new PassThrough() });
  stdin.write(keys);
  const view = await session.done;
  stdout.end();
  return { code: Number(view.metadata?.return), output: await output };
}
