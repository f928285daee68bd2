import type { LoggerService } from '@nestjs/common';
import { pino, type Logger } from 'pino';
import { LxError, type WireOperation } from '#lib/contract';
import type { FailedOperation } from '#lib/engine';

export type Log = Logger;

/** JSON lines, or short plain ones when a person looks on. */
export function makeLog(level: string, terminal = process.stdout.isTTY): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers: { err: errorFields } };
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

/** An error that is expected says what it is; where in the bundle it came from helps with the others alone. */
export function errorFields(error: unknown): unknown {
  if (!(error instanceof LxError) || error.status >= 500) return error instanceof Error ? pino.stdSerializers.err(error) : error;
  return { type: error.name, code: error.code, message: error.message };
}

/** Tells an operator what failed: of what, who asked for it, and why. */
export function logFailure(log: Log): (operation: FailedOperation, view: WireOperation) => void {
  return ({ id, kind, project, requestor, failure }, { resources }) => {
    const instances = (resources?.['instances'] ?? []).map((url) =>
      decodeURIComponent(new URL(url, 'http://x').pathname.split('/')[3] ?? ''),
    );
    const fields = {
      operation: id,
      kind,
      project,
      ...(instances.length > 0 ? { instance: instances.join(' ') } : {}),
      ...(requestor ? { requestor } : {}),
      reason: failure?.message,
    };
    if (failure instanceof LxError && failure.status < 500) log.info(fields, 'operation failed');
    else log.warn({ ...fields, err: failure }, 'operation failed');
  };
}

/** Tells an operator what a start found running, and what it starts. */
export function logReconciled(log: Log, { adopted, starting }: { adopted: string[]; starting: string[] }): void {
  if (adopted.length > 0) log.info({ count: adopted.length, instances: adopted }, 'instances that run were adopted');
  if (starting.length > 0) log.info({ count: starting.length, instances: starting }, 'instances are being started');
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
