import { describe, expect, it, vi } from 'vitest';
import { Deferred } from '#lib/base';
import { LxError, type WireOperation } from '#lib/contract';
import type { Operation } from '#lib/engine';
import { FakeRoom } from '#lib/host';
import { FileRooms, type RoomTimes } from './file-rooms.ts';

const never: RoomTimes = { idle: 1_000_000, patience: 1_000_000 };

function world(times: RoomTimes = never) {
  const opened: FakeRoom[] = [];
  const running = new Set<string>();
  const problems: unknown[] = [];
  const on = { open: async () => opened[opened.push(new FakeRoom()) - 1] as FakeRoom };
  const rooms = new FileRooms({
    open: () => on.open(),
    runs: (id) => running.has(id),
    report: (_, cause) => problems.push(cause),
    times,
  });
  const serve = async (id: string) => {
    const server = await rooms.serve(id);
    if (!server) throw new Error('it runs');
    return server;
  };
  return { rooms, serve, opened, running, problems, on };
}

function operation(): { operation: Operation; end: () => void } {
  const done = new Deferred<WireOperation>();
  const view = () => ({}) as WireOperation;
  return {
    operation: { id: 'o', kind: 'instance.start', requestor: null, view, done: done.promise, failure: null },
    end: () => done.resolve(view()),
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('rooms of files', () => {
  it('are opened once, for all who ask, and kept for a while', async () => {
    const { serve, opened, rooms } = world({ ...never, idle: 1 });
    const servers = await Promise.all([serve('a'), serve('a'), serve('b')]);
    expect(opened.map((room) => room.servers)).toEqual([2, 1]);
    for (const { left } of servers) left();
    await Promise.all(opened.map((room) => room.ended));
    await serve('a');
    expect(opened).toHaveLength(3);
    await rooms.close();
    await opened[2]?.ended;
  });

  it('end before an operation begins, and are not opened until it is over', async () => {
    const { rooms, serve, opened, running } = world();
    const order: string[] = [];
    const server = await serve('a');
    server.onClosing = async () => void order.push('asked to finish');
    void opened[0]?.ended.then(() => order.push('ended'));
    const { operation: start, end } = operation();
    await rooms.without(['a', 'b'], async () => {
      order.push('began');
      return start;
    });
    expect(order).toEqual(['asked to finish', 'ended', 'began']);
    const waiting = [serve('a'), rooms.serve('b')];
    await turn();
    expect(opened).toHaveLength(1);
    running.add('b');
    end();
    expect(await waiting[1]).toBeNull();
    await waiting[0];
    expect(opened).toHaveLength(2);
  });

  it('that are being opened are waited for by the operation, which ends them', async () => {
    const { rooms, serve, on } = world();
    const opening = new Deferred<FakeRoom>();
    on.open = () => opening.promise;
    const served = serve('a');
    await turn();
    const began = vi.fn(async () => operation().operation);
    const begun = rooms.without(['a'], began);
    await turn();
    expect(began).not.toHaveBeenCalled();
    const room = new FakeRoom();
    opening.resolve(room);
    await begun;
    await room.ended;
    await served;
  });

  it('keep nobody out after an operation that is refused, and several are waited for', async () => {
    const { rooms, serve } = world();
    await expect(rooms.without(['a'], () => Promise.reject(new Error('busy')))).rejects.toThrow('busy');
    await serve('a');
    const [one, other] = [operation(), operation()];
    await rooms.without(['a'], async () => one.operation);
    await rooms.without(['a'], async () => other.operation);
    const served = vi.fn();
    const serving = serve('a').then(served);
    one.end();
    await turn();
    expect(served).not.toHaveBeenCalled();
    other.end();
    await serving;
  });

  it('are not waited for for ever', async () => {
    const { rooms, serve } = world({ ...never, patience: 1 });
    await rooms.without(['a'], async () => operation().operation);
    await expect(serve('a')).rejects.toMatchObject({ code: 'file.busy' });
  });

  it('that do not end keep an operation from beginning, until they do', async () => {
    const { rooms, serve, opened } = world();
    await serve('a');
    const stuck = new LxError('file.room_stuck');
    (opened[0] as FakeRoom).failure = stuck;
    const began = vi.fn(async () => operation().operation);
    await expect(rooms.without(['a'], began)).rejects.toBe(stuck);
    expect(began).not.toHaveBeenCalled();
    (opened[0] as FakeRoom).failure = stuck;
    await expect(serve('a')).rejects.toBe(stuck);
    await serve('a');
    expect(opened).toHaveLength(2);
    await rooms.without(['a'], began);
  });

  it('that were killed, or could not be opened, are opened anew', async () => {
    const { serve, opened, on } = world();
    await serve('a');
    (opened[0] as FakeRoom).files = () => Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNRESET' }));
    await serve('a');
    expect(opened.map((room) => room.servers)).toEqual([1, 1]);
    const { open } = on;
    on.open = () => Promise.reject(new Error('no root'));
    await expect(serve('b')).rejects.toThrow('no root');
    on.open = open;
    await serve('b');
  });
});
