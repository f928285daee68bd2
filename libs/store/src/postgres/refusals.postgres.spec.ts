import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isDatabaseFailure, type LxError } from '#lib/contract';
import { openStore } from '../open-store.ts';
import { RowConflict } from '../store.ts';
import type { TestCluster } from '../testing.ts';
import { sqlOn, startTestCluster, testServer } from '../testing.ts';
import { isConnectionFailure, isMomentary, translated } from './failures.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
}, 60_000);
afterAll(() => cluster.stop(), 60_000);

const network = (name: string) => ({ id: randomUUID(), project: 'default', name, type: 'bridge', description: '', config: {} });
const sql = (statement: string) => sqlOn(cluster.server.address, statement);
const codeOf = (error: unknown) => (error as LxError).code;

async function readOnly(on: boolean): Promise<void> {
  await sql(`ALTER SYSTEM SET default_transaction_read_only = ${on ? 'on' : 'off'}`);
  await sql('SELECT pg_reload_conf()');
}

describe('a Postgres that is read-only for a while', () => {
  afterEach(() => readOnly(false));

  it('is waited for by a single statement, and fails a transaction as a database that failed', async () => {
    const store = await cluster.newStore();
    await readOnly(true);
    // The setting reaches every backend on its own time.
    const refused = async (): Promise<unknown> => {
      for (;;) {
        const outcome = await store.tx((tx) => tx.config.set({ a: 'b' })).catch((error: unknown) => error);
        if (outcome) return outcome;
      }
    };
    const failure = await refused();
    expect(codeOf(failure)).toBe('database.failed');
    expect(isDatabaseFailure(failure)).toBe(true);
    expect((failure as Error).message).toContain('read-only transaction');
    const waiting = store.networks.insert(network('late'));
    await readOnly(false);
    await waiting;
    expect(await store.networks.get('default', 'late')).not.toBeNull();
  }, 30_000);
});

describe('a Postgres that hangs', () => {
  /** Stops every process of the server, or lets them go on. */
  async function signalAll(name: NodeJS.Signals): Promise<void> {
    const postmaster = cluster.server.pid as number;
    const pids = [postmaster];
    for (const entry of await readdir('/proc')) {
      const stat = /^\d+$/.test(entry) ? await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '') : '';
      if (Number(stat.split(') ')[1]?.split(' ')[1]) === postmaster) pids.push(Number(entry));
    }
    for (const pid of pids) signal(pid, name);
  }
  // Workers of Postgres come and go.
  function signal(pid: number, name: NodeJS.Signals) {
    try {
      process.kill(pid, name);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ESRCH' });
    }
  }
  afterEach(() => signalAll('SIGCONT'));

  it('is given up in time by reads, writes, transactions and the closing, and is used again when it goes on', async () => {
    const socket = await cluster.newDatabase();
    const store = await openStore({ socket }, testServer(), { patienceMs: 1500 });
    await store.config.set({ before: '1' });
    await signalAll('SIGSTOP');
    const since = Date.now();
    const failures = await Promise.all(
      [store.config.all(), store.networks.insert(network('n')), store.tx((tx) => tx.config.set({ a: 'b' }))].map((asked) =>
        asked.then(
          () => null,
          (error: unknown) => error,
        ),
      ),
    );
    expect(failures.map(codeOf)).toEqual(['database.unavailable', 'database.unavailable', 'database.unavailable']);
    expect(Date.now() - since).toBeLessThan(8000);
    await signalAll('SIGCONT');
    expect((await store.config.all())['before']).toBe('1');
    await signalAll('SIGSTOP');
    const closing = Date.now();
    await store.close();
    expect(Date.now() - closing).toBeLessThan(6000);
  }, 60_000);
});

describe('what Postgres says', () => {
  const said = (code: string) => Object.assign(new Error(`words of ${code}`), { code, severity: 'ERROR' });

  it.each(['25006', '53100', '57014', '40P01', '40001', '42703', 'XX000'])('%s is a failure of the database, in its words', (code) => {
    const error = translated(said(code));
    expect(isDatabaseFailure(error)).toBe(true);
    expect((error as Error).message).toContain(`words of ${code}`);
    expect(isConnectionFailure(said(code))).toBe(false);
  });

  it('knows what may go well in a moment', () => {
    expect(['25006', '40001', '40P01', '57014', '55P03'].every((code) => isMomentary(said(code)))).toBe(true);
    expect(['53100', '23505', '57P01'].some((code) => isMomentary(said(code)))).toBe(false);
  });

  it('keeps refusals of rows apart from failures', () => {
    expect(translated(said('23505'))).toBeInstanceOf(RowConflict);
    expect(codeOf(translated(said('22P05')))).toBe('request.invalid');
    const notNull = said('23502');
    expect(translated(notNull)).toBe(notNull);
  });
});
