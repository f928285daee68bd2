import { expect, it } from 'vitest';
import { Deferred } from '#lib/base';
import { LxError } from '#lib/contract';
import { MemoryStore } from '../../store/src/fake/index.ts';
import { EventLog } from './event-log.ts';
import type { Problem } from './problem.ts';

const event = (n: number) => ({ type: 'lifecycle' as const, project: 'default', at: new Date(n), metadata: n });

it('writes many at once, in order, and all that waits when it is closed', async () => {
  const store = new MemoryStore();
  const log = new EventLog(store, () => {});
  for (let n = 0; n < 1200; n++) log.append(event(n));
  await log.close();
  expect((await store.events.since(0, 2000)).map((row) => row.metadata)).toEqual(Array.from({ length: 1200 }, (_, n) => n));
  expect(store.commits).toBe(3);
  log.append(event(1));
  expect((await store.events.since(0, 2000)).length).toBe(1200);
});

it('gives up at the end when the database is away, and says so', async () => {
  const store = new MemoryStore();
  store.events.append = async () => {
    throw new LxError('database.unavailable');
  };
  const problems: Problem[] = [];
  const log = new EventLog(store, (problem) => problems.push(problem));
  log.append(event(1));
  await log.close();
  expect(problems).toMatchObject([{ what: 'writing events' }]);
});

it('drops an event that the database cannot hold, says so, and writes the others in order', async () => {
  const store = new MemoryStore();
  const { append } = store.events;
  store.events.append = async (rows) => {
    if (JSON.stringify(rows).includes('\\u0000')) throw new LxError('request.invalid', { problems: ['NUL'] });
    return append(rows);
  };
  const problems: Problem[] = [];
  const log = new EventLog(store, (problem) => problems.push(problem));
  for (let n = 0; n < 100; n++) log.append(n === 37 ? { ...event(n), metadata: 'a\u0000b' } : event(n));
  await log.close();
  const expected = Array.from({ length: 100 }, (_, n) => n).filter((n) => n !== 37);
  expect((await store.events.since(0, 200)).map((row) => row.metadata)).toEqual(expected);
  expect(problems).toMatchObject([{ what: 'dropping an event (lifecycle) that cannot be written' }]);
});

it('writes nothing twice when the database goes away between two halves', async () => {
  const store = new MemoryStore();
  const { append } = store.events;
  let written = 0;
  let wasAway = false;
  store.events.append = async (rows) => {
    if (JSON.stringify(rows).includes('\\u0000')) throw new LxError('request.invalid', { problems: ['NUL'] });
    if (written > 0 && !wasAway) {
      wasAway = true;
      throw new LxError('database.unavailable');
    }
    written += rows.length;
    return append(rows);
  };
  const away = new Deferred<void>();
  const log = new EventLog(store, ({ what }) => what === 'writing events' && away.resolve());
  for (let n = 0; n < 100; n++) log.append(n === 99 ? { ...event(n), metadata: 'a\u0000b' } : event(n));
  await away.promise;
  await log.close();
  expect((await store.events.since(0, 200)).map((row) => row.metadata)).toEqual(Array.from({ length: 99 }, (_, n) => n));
});
