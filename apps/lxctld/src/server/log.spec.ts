import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { LxError, type WireOperation } from '#lib/contract';
import { errorFields, type Log, logFailure } from './log.ts';

function logged(work: (log: Log) => void): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const sink = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  work(pino({ level: 'info', serializers: { err: errorFields } }, sink) as Log);
  return lines;
}

const operation = (failure: Error) => ({
  id: 'op1',
  kind: 'instance.start' as const,
  project: 'default',
  requestor: { username: 'alice', protocol: 'unix', address: '@' },
  failure,
});
const view = { resources: { instances: ['/1.0/instances/c1?project=default'] } } as unknown as WireOperation;

describe('the log of a failed operation', () => {
  it('says which instance, what, who asked and why, and of what is expected no more', () => {
    const [line] = logged((log) => logFailure(log)(operation(new LxError('instance.already_running')), view));
    expect(line).toMatchObject({
      level: 30,
      msg: 'operation failed',
      operation: 'op1',
      kind: 'instance.start',
      instance: 'c1',
      requestor: { username: 'alice' },
      reason: 'The instance is already running',
    });
    expect(JSON.stringify(line)).not.toContain('stack');
  });

  it('has the stack of what nobody expected', () => {
    const [line] = logged((log) => logFailure(log)(operation(new TypeError('not a function')), view));
    expect(line).toMatchObject({
      level: 40,
      reason: 'not a function',
      err: { type: 'TypeError', stack: expect.stringContaining('log.spec') },
    });
  });
});

it('an expected error in any line has its code and words, and no stack', () => {
  const [line] = logged((log) => log.warn({ err: new LxError('instance.busy', { action: 'stop' }) }, 'stopping c1'));
  expect(line?.['err']).toEqual({ type: 'LxError', code: 'instance.busy', message: 'Instance is busy running a "stop" operation' });
});
