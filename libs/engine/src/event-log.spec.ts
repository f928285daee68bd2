import { expect, it } from 'vitest';
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
    throw new Error('away');
  };
  const problems: Problem[] = [];
  const log = new EventLog(store, (problem) => problems.push(problem));
  log.append(event(1));
  await log.close();
  expect(problems).toMatchObject([{ what: 'writing events' }]);
});
