import { expect, it } from 'vitest';
import { OperationEngine } from '#lib/engine';
import { MemoryStore } from '../../../../libs/store/src/fake/index.ts';
import { serveRim } from '../testing/rim-server.ts';
import { ENGINE, INSTANCES } from '../tokens.ts';
import { LogsController } from './logs.controller.ts';
import { SessionsController } from './sessions.controller.ts';
import { LOGS, SESSIONS } from './tokens.ts';

const nothing = Buffer.alloc(0);
const file = 'exec_1.stdout';

it('tells who read or removed a log, and who read or cleared the console', async () => {
  const engine = new OperationEngine({ store: new MemoryStore(), report: () => {} });
  const told: unknown[] = [];
  engine.events.subscribe((event) => {
    const { action, source, requestor } = event.metadata as { action: string; source: string; requestor: { protocol: string } };
    told.push([action, source, requestor.protocol]);
  });
  const logs = {
    list: async () => ['console.log', file],
    read: async () => nothing,
    delete: async () => {},
    console: async () => nothing,
    clearConsole: async () => {},
  };
  const rim = await serveRim({
    controllers: [LogsController, SessionsController],
    providers: [
      { provide: ENGINE, useValue: engine },
      { provide: LOGS, useValue: logs },
      { provide: SESSIONS, useValue: {} },
      { provide: INSTANCES, useValue: { reader: { row: async (project: string, name: string) => ({ project, name }) } } },
    ],
  });
  for (const [method, path] of [
    ['GET', 'logs'],
    ['GET', `logs/${file}`],
    ['DELETE', `logs/${file}`],
    ['GET', 'logs/exec-output'],
    ['GET', `logs/exec-output/${file}`],
    ['DELETE', `logs/exec-output/${file}`],
    ['GET', 'console'],
    ['DELETE', 'console'],
  ] as const)
    expect((await rim.call(method, `/1.0/instances/c1/${path}`)).status).toBe(200);
  expect(told).toEqual([
    ['instance-log-retrieved', `/1.0/instances/c1/logs/${file}`, 'unix'],
    ['instance-log-deleted', `/1.0/instances/c1/logs/${file}`, 'unix'],
    ['instance-log-retrieved', `/1.0/instances/c1/logs/${file}`, 'unix'],
    ['instance-log-deleted', `/1.0/instances/c1/logs/${file}`, 'unix'],
    ['instance-console-retrieved', '/1.0/instances/c1', 'unix'],
    ['instance-console-reset', '/1.0/instances/c1', 'unix'],
  ]);
  expect((await rim.call('GET', '/1.0/instances/c1/logs/exec-output')).metadata).toEqual([`/1.0/instances/c1/logs/exec-output/${file}`]);
  for (const method of ['GET', 'DELETE'] as const)
    expect((await rim.call(method, '/1.0/instances/c1/logs/exec-output/console.log')).status).toBe(404);
  await rim.close();
});
