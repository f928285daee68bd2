import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestDaemon } from './harness/daemon.ts';

let daemon: TestDaemon;
const names = Array.from({ length: 50 }, (_, at) => `m${at}`);

beforeAll(async () => {
  daemon = await TestDaemon.start();
  await daemon.buildImage('busybox');
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
});

it('runs fifty at once, each with an address of its own, lists them with state, and leaves nothing', async () => {
  await Promise.all(names.map((name) => daemon.launchInstance(name)));
  await Promise.all(names.map((name) => daemon.addressed(name)));
  const listed = await daemon.client.instances.listFull();
  expect(listed).toHaveLength(50);
  expect(listed.every((each) => each.status === 'Running' && (each.state?.pid ?? 0) > 0)).toBe(true);
  const addresses = listed.flatMap(
    (each) => each.state?.network?.eth0?.addresses.filter((address) => address.family === 'inet').map((address) => address.address) ?? [],
  );
  expect(new Set(addresses).size).toBe(50);
  const times: number[] = [];
  for (let n = 0; n < 5; n++) {
    const begin = performance.now();
    await daemon.client.instances.listFull();
    times.push(performance.now() - begin);
  }
  console.log(`list of 50 with state: ${times.map((each) => each.toFixed(1)).join(', ')} ms (goal: under 100)`);
  await Promise.all(names.map((name) => daemon.remove(name)));
  expect(await daemon.client.instances.list()).toEqual([]);
});
