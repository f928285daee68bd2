import { afterEach, describe, expect, it } from 'vitest';
import type { WireOperation } from '#lib/contract';
import { OperationEngine } from '#lib/engine';
import { MemoryStore } from '../../../../libs/store/src/fake/index.ts';
import { type Caller, unixCaller } from '../rim/caller.ts';
import { type RimServer, serveRim } from '../testing/rim-server.ts';
import { ENGINE } from '../tokens.ts';
import { OperationsController } from './operations.controller.ts';

const servers: RimServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

async function asked(engine: OperationEngine, caller: Caller) {
  const rim = await serveRim({ controllers: [OperationsController], providers: [{ provide: ENGINE, useValue: engine }] }, { caller });
  servers.push(rim);
  return async (path: string) => (await rim.call('GET', `/1.0/operations${path}`)).metadata as Record<string, unknown>;
}

describe('the secrets of an operation', () => {
  it('are shown to the client that made it, and to nobody else', async () => {
    const engine = new OperationEngine({ store: new MemoryStore(), report: () => {} });
    const maker = unixCaller(12_345);
    const operation = await engine.startLive(
      { kind: 'instance.exec', class: 'websocket', sockets: ['0', 'control'], run: ({ signal }) => until(signal) },
      { project: 'default', mayCancel: true, metadata: { command: ['sh'] }, requestor: maker.requestor },
    );
    const places = [`/${operation.id}`, `/${operation.id}/wait?timeout=0`];
    const own = await asked(engine, maker);
    for (const path of places) expect(await own(path)).toMatchObject({ metadata: { fds: { control: expect.stringMatching(/^\w{64}$/) } } });
    expect(secretsIn(await own('?recursion=1'))).toBe(true);
    const overTls: Caller = { ...maker, door: 'tls', requestor: { ...maker.requestor, protocol: 'tls' } };
    for (const other of [unixCaller(0), unixCaller(12_346), unixCaller(null), overTls]) {
      const ask = await asked(engine, other);
      for (const path of places) expect((await ask(path)).metadata).toEqual({ command: ['sh'] });
      expect(secretsIn(await ask('?recursion=1'))).toBe(false);
    }
    await engine.shutdown(0);
  });
});

function secretsIn(groups: Record<string, unknown>): boolean {
  return (groups.running as WireOperation[]).some(({ metadata }) => metadata !== null && 'fds' in metadata);
}

function until(signal: AbortSignal): Promise<Record<string, never>> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve({})));
}
