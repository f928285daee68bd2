import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import type { JsonObject } from '#lib/base';
import { Deferred } from '#lib/base';
import { MemoryStore } from '../../store/src/fake/index.ts';
import type { LiveSpec } from './engine.ts';
import { OperationEngine } from './operation-engine.ts';

class FakeSocket extends EventEmitter {
  closed = false;
  paused = false;
  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  close(): void {
    this.closed = true;
  }
}
const asSocket = (socket: FakeSocket) => socket as unknown as WebSocket;

function live(run: LiveSpec['run'], sockets = ['0', 'control']) {
  const store = new MemoryStore();
  const engine = new OperationEngine({ store, report: () => {} });
  const started = engine.startLive(
    { kind: 'instance.exec', class: 'websocket', sockets, run },
    { project: 'default', mayCancel: true, metadata: { interactive: true } },
  );
  return { store, engine, started };
}

describe('a live operation', () => {
  it('gives out secrets, takes each once, and merges what it returns', async () => {
    const { store, engine, started } = live(async (context) => {
      await context.socket('0');
      return { return: 7 };
    });
    const operation = await started;
    const { fds } = operation.view().metadata as { fds: Record<string, string> };
    expect(Object.keys(fds)).toEqual(['0', 'control']);
    expect(fds['0']).toMatch(/^[0-9a-f]{64}$/);
    expect(engine.accepts(operation.id, 'wrong')).toBe(false);
    expect(engine.accepts(operation.id, fds['0'] as string)).toBe(true);
    const socket = new FakeSocket();
    engine.connect(operation.id, fds['0'] as string, asSocket(socket));
    expect(engine.accepts(operation.id, fds['0'] as string)).toBe(false);
    expect(socket.paused).toBe(true);
    const second = new FakeSocket();
    expect(() => engine.connect(operation.id, fds['0'] as string, asSocket(second))).toThrow('Forbidden');
    expect(() => second.emit('error', new Error('1005'))).not.toThrow();
    expect(() => socket.emit('error', new Error('1005'))).not.toThrow();
    const view = await operation.done;
    expect(view).toMatchObject({ status_code: 200, metadata: { interactive: true, return: 7, fds } });
    expect(socket.closed).toBe(true);
    expect(socket.paused).toBe(false);
    // A client that connects one by one is late for a short command: it finds a socket that closes, not a wrong secret.
    expect(engine.accepts(operation.id, fds['control'] as string)).toBe(true);
    const late = new FakeSocket();
    engine.connect(operation.id, fds['control'] as string, asSocket(late));
    expect(late.closed).toBe(true);
    expect(engine.accepts(operation.id, fds['control'] as string)).toBe(false);
    expect(store.commits).toBe(0);
    await engine.shutdown(0);
  });

  it('keeps its secrets out of events and of what is stored of them', async () => {
    const end = new Deferred<JsonObject>();
    const { store, engine, started } = live(() => end.promise);
    const seen: unknown[] = [];
    const kept: unknown[] = [];
    Object.assign(store.events, { append: async (rows: unknown[]) => void kept.push(...rows) });
    engine.events.subscribe((event) => seen.push(event.metadata));
    const operation = await started;
    const secrets = Object.values((operation.view().metadata as { fds: Record<string, string> }).fds);
    end.resolve({ return: 0 });
    await operation.done;
    await engine.shutdown(0);
    expect(seen).toContainEqual(expect.objectContaining({ status_code: 200, metadata: { interactive: true, return: 0 } }));
    expect(kept.length).toBeGreaterThan(0);
    for (const secret of secrets) expect(JSON.stringify([seen, kept])).not.toContain(secret);
  });

  it('rejects a socket that does not come in time', async () => {
    const { engine, started } = live((context) => context.socket('0', 1).then(() => ({})));
    expect(await (await started).done).toMatchObject({ status_code: 400, err: 'Timed out waiting for websockets to connect' });
    await engine.shutdown(0);
  });

  it('ends when it is cancelled, also while it waits for a socket', async () => {
    const { engine, started } = live((context) => context.socket('control').then(() => ({})));
    const operation = await started;
    await engine.cancel(operation.id);
    expect(await operation.done).toMatchObject({ status_code: 401, err: '' });
    await engine.shutdown(0);
  });

  it('shows a failure of the work', async () => {
    const gate = new Deferred<JsonObject>();
    const { engine, started } = live(() => gate.promise);
    gate.reject(new Error('no such program'));
    expect(await (await started).done).toMatchObject({ status_code: 400, err: 'no such program' });
    await engine.shutdown(0);
  });
});
