import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';

export type Log = Logger;

/** JSON lines, or short plain ones when a person looks on. */
export function makeLog(level: string, terminal = process.stdout.isTTY): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return terminal ? pino(options, { write: (line: string) => process.stdout.write(plain(line)) }) : pino(options);
}

/** `12:31:05 info  message key=value`, then the stack of an error. */
export function plain(line: string): string {
  const { level, time, msg = '', err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const label = (pino.levels.labels[Number(level)] ?? '').padEnd(5);
  const fields = Object.entries(rest).map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const failure = err as { stack?: string; message?: string } | undefined;
  return `${String(time).slice(11, 19)} ${label} ${String(msg)}${fields.join('')}\n${failure ? `${failure.stack ?? failure.message}\n` : ''}`;
}

/** Nest's own chatter, a line a route, is for tracing; its warnings and errors are ours. */
export function nestLog(log: Log): LoggerService {
  return {
    log: (message: unknown) => log.trace(String(message)),
    debug: (message: unknown) => log.trace(String(message)),
    verbose: (message: unknown) => log.trace(String(message)),
    warn: (message: unknown) => log.warn(String(message)),
    fatal: (message: unknown) => log.fatal(String(message)),
    error: (message: unknown, ...rest: unknown[]) => {
      if (message instanceof Error) log.error({ err: message }, message.message);
      else if (isFailure(message)) log.error({ err: message.error }, message.message);
      else log.error({ details: rest }, String(message));
    },
  };
}

function isFailure(entry: unknown): entry is { message: string; error: unknown } {
  return typeof entry === 'object' && entry !== null && 'message' in entry && 'error' in entry;
}
