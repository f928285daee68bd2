import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Cache } from './cache.ts';
import type { Connections } from './connections.ts';
import { PoolSession } from './pool-session.ts';

type Answer = { command: string; rows: object[]; rowCount: number };

/** A connection whose statements are answered by hand; `dead`: it breaks at its first. */
class FakeClient extends EventEmitter {
  readonly sent: string[] = [];
  readonly #waiting: ((answer: Answer) => void)[] = [];
  released: unknown;

  constructor(readonly dead = false) {
    super();
  }

  query({ text }: { text: string }): Promise<Answer> {
    this.sent.push(text);
    if (this.dead) return Promise.reject(new Error('Connection terminated unexpectedly'));
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Answers all that was sent; gives how many that were. */
  async answer(): Promise<number> {
    await settle();
    const waiting = this.#waiting.splice(0);
    for (const [at, resolve] of waiting.entries())
      resolve({ command: this.sent.at(at - waiting.length)?.split(' ')[0] ?? '', rows: [], rowCount: 1 });
    return waiting.length;
  }

  release(broken: unknown): void {
    this.released = broken;
  }
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

function sessionOn(...clients: FakeClient[]) {
  const left = [...clients];
  const connections = { take: async () => left.shift() } as unknown as Connections;
  return new PoolSession(connections, 1000, new Cache());
}

describe('a transaction', () => {
  it('asks what its work begins with in the round trip of BEGIN', async () => {
    const client = new FakeClient();
    const session = sessionOn(client);
    const done = session.transaction(async (inside) => {
      await Promise.all([inside.write('INSERT a', [], { kind: 'never' }), inside.write('INSERT b', [], { kind: 'never' })]);
      await inside.read('SELECT c');
    });
    expect(await client.answer()).toBe(3);
    expect(client.sent).toEqual(['BEGIN', 'INSERT a', 'INSERT b']);
    expect(await client.answer()).toBe(1);
    expect(await client.answer()).toBe(1);
    await done;
    expect(client.sent.slice(3)).toEqual(['SELECT c', 'COMMIT']);
    expect(client.released).toBe(false);
    expect(session.traffic).toEqual({ statements: 3, commits: 1 });
  });

  it('that meets a dead connection is sent whole on the next one, and its work runs once', async () => {
    const [dead, alive] = [new FakeClient(true), new FakeClient()];
    let runs = 0;
    const done = sessionOn(dead, alive).transaction(async (inside) => {
      runs++;
      return inside.read('SELECT a');
    });
    while (alive.sent.length < 2) await settle();
    expect(dead.sent).toEqual(['BEGIN', 'SELECT a']);
    expect(dead.released).toBe(true);
    while ((await alive.answer()) > 0) await settle();
    expect(await done).toEqual([]);
    expect(alive.sent).toEqual(['BEGIN', 'SELECT a', 'COMMIT']);
    expect(runs).toBe(1);
  });

  it('that finds no connection at all says so to its work and its caller', async () => {
    const failure = new Error('none');
    const session = new PoolSession({ take: () => Promise.reject(failure) } as unknown as Connections, 1000, new Cache());
    let heard: unknown;
    await expect(
      session.transaction(async (inside) => {
        await inside.read('SELECT a').catch((error: unknown) => {
          heard = error;
        });
      }),
    ).rejects.toBe(failure);
    expect(heard).toBe(failure);
  });
});
