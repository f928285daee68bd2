import { mkdtemp, readdir, readFile, rm, stat, watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isApiError } from '#lib/client';
import { TestDaemon } from '../harness/daemon.ts';
import { bridgePorts, cgroups, mounts, noBridgePorts } from '../harness/leftovers.ts';

/**
 * What takes minutes and is no part of `npm test`: `npm run soak` (SOAK_ROUNDS kills, default 30; SOAK_LIVES lives, default
 * 2000). Nothing may be left over, no acknowledged write lost, and memory and descriptors stay as they were.
 */
const rounds = Number(process.env.SOAK_ROUNDS || 30);
const lives = Number(process.env.SOAK_LIVES || 2000);
const clients = Array.from({ length: 8 }, (_, at) => at);
/** Acknowledged requests between two kills. */
const perRound = 40;

let daemon: TestDaemon;
/** Where the daemon leaves a snapshot of its heap at a signal. */
let snapshots: string;
let quiet: Awaited<ReturnType<typeof inventory>>;

async function inventory() {
  await noBridgePorts(daemon.dir);
  const list = async (path: string) => (await readdir(join(daemon.dir, path)).catch(() => [] as string[])).sort();
  return {
    mounts: await mounts(daemon.dir),
    cgroups: await cgroups(daemon.dir),
    ports: await bridgePorts(daemon.dir),
    roots: [...(await list('storage-pools/default/containers')), ...(await list('logs'))],
    keepers: (await list('run')).filter((name) => /^[0-9a-f-]{36}\./.test(name)),
  };
}

beforeAll(async () => {
  snapshots = await mkdtemp(join(tmpdir(), 'lxctl-soak-'));
  daemon = await TestDaemon.start({ NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${snapshots}` });
  await daemon.buildImage('busybox');
  await daemon.launchInstance('warm');
  await daemon.remove('warm');
  quiet = await inventory();
});

afterAll(async () => {
  expect(await daemon.stop()).toEqual([]);
  await rm(snapshots, { recursive: true, force: true });
});

/** What one client was told: of each of its instances what is sure, and what may be either way. */
class Account {
  readonly there = new Map<string, number>();
  readonly gone = new Set<string>();
  /** The request under way: the instance, and the value it would have. null: it may be gone or not there yet. */
  open: { name: string; value: number | null } | null = null;
  #made = 0;

  constructor(readonly prefix: string) {}

  /** A life until the server goes: create and start, note, stop, delete. */
  async live(acknowledged: () => void): Promise<void> {
    const name = `${this.prefix}-${++this.#made}`;
    const { instances } = daemon.client;
    const ask = async (value: number | null, request: () => Promise<unknown>) => {
      this.open = { name, value };
      await request();
      this.open = null;
      acknowledged();
    };
    await ask(null, () => daemon.done(instances.create({ name, source: { type: 'image', alias: 'busybox' }, start: true })));
    this.there.set(name, 0);
    for (const value of [1, 2]) {
      const { metadata, etag } = await instances.read(name);
      const body = { ...metadata, config: { ...metadata.config, 'user.value': String(value) } };
      await ask(value, () => daemon.done(instances.replace(name, body, etag)));
      this.there.set(name, value);
    }
    await ask(this.there.get(name) ?? 0, () => daemon.done(instances.setState(name, { action: 'stop', force: true, timeout: 10 })));
    this.there.delete(name);
    await ask(null, () => daemon.done(instances.delete(name)));
    this.gone.add(name);
  }

  /** Compares what was acknowledged with what the server has, and clears up. */
  async settle(): Promise<string[]> {
    const found = new Map((await daemon.client.instances.list()).map((each) => [each.name, Number(each.config['user.value'] ?? 0)]));
    const lost: string[] = [];
    for (const [name, value] of this.there) {
      const fits = found.get(name) === value || (this.open?.name === name && found.get(name) === this.open.value);
      if (!fits) lost.push(`${name} has ${found.get(name)}, acknowledged was ${value}`);
    }
    for (const name of this.gone) if (found.has(name)) lost.push(`${name} is back`);
    const mine = [...found.keys()].filter((name) => name.startsWith(`${this.prefix}-`));
    await Promise.all(mine.map((name) => daemon.remove(name)));
    this.there.clear();
    this.open = null;
    return lost;
  }
}

/** Eight clients live until enough was acknowledged; then `strike`, and each ends with its next failure. */
async function underLoad(accounts: Account[], strike: () => Promise<void>): Promise<void> {
  let left = perRound;
  const struck: Promise<void>[] = [];
  const acknowledged = () => {
    left -= 1;
    if (left === 0) struck.push(strike());
  };
  await Promise.all(
    accounts.map(async (account) => {
      try {
        while (left > 0) await account.live(acknowledged);
      } catch (error) {
        if (left > 0) throw error;
      }
    }),
  );
  await Promise.all(struck);
}

describe('kill -9 under eight clients', () => {
  const accounts = clients.map((at) => new Account(`k${at}`));

  it(`of the daemon, ${rounds} times`, { timeout: 60_000 * rounds }, async () => {
    for (let round = 0; round < rounds; round++) {
      await underLoad(accounts, () => daemon.kill());
      await daemon.launch();
      const lost = await Promise.all(accounts.map((account) => account.settle()));
      expect({ round, lost: lost.flat() }).toEqual({ round, lost: [] });
      expect(await inventory()).toEqual(quiet);
    }
  });

  it(`of Postgres, ${rounds} times`, { timeout: 60_000 * rounds }, async () => {
    for (let round = 0; round < rounds; round++) {
      await underLoad(accounts, async () => void process.kill(await daemon.postgresPid(), 'SIGKILL'));
      // What was refused for want of the database is the client's to ask again: here, by looking until it answers.
      await answering();
      const lost = await Promise.all(accounts.map((account) => account.settle()));
      expect({ round, lost: lost.flat() }).toEqual({ round, lost: [] });
      expect(await inventory()).toEqual(quiet);
    }
  });
});

async function answering(): Promise<void> {
  for (;;) {
    try {
      await daemon.client.instances.list();
      return;
    } catch (error) {
      if (!isApiError(error, 503)) throw error;
    }
  }
}

it(`lives ${lives} lives with memory and descriptors flat`, { timeout: 2000 * lives + 60_000 }, async () => {
  const pid = daemon.process?.pid ?? 0;
  let count = 0;
  const live = async (client: number, until: number) => {
    while (count < until) {
      count += 1;
      const name = `l${client}-${count}`;
      await daemon.launchInstance(name);
      expect((await daemon.exec(name, ['true'])).code).toBe(0);
      await daemon.remove(name);
    }
  };
  const run = (until: number) => Promise.all(clients.map((client) => live(client, until)));
  // A tenth of them first: caches and pools have their size then.
  await run(Math.ceil(lives / 10));
  const before = await usage(pid);
  await run(lives);
  const after = await usage(pid);
  console.log(`${lives} lives: ${JSON.stringify({ before, after })}`);
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 8);
  expect(after.heap).toBeLessThan(before.heap * 1.1);
  expect(after.megabytes).toBeLessThan(before.megabytes + 60);
  expect(await inventory()).toEqual(quiet);
});

/**
 * The heap as a snapshot tells it, since what the process holds besides is what V8 has not collected yet; a snapshot collects
 * first. Its size in bytes goes with the number of live objects.
 */
async function usage(pid: number): Promise<{ heap: number; megabytes: number; descriptors: number }> {
  // An operation can be read for 5 s after its end, and is kept as long.
  while ((await daemon.client.operations.list()).length > 0);
  const files = watch(snapshots)[Symbol.asyncIterator]();
  const seen = files.next();
  process.kill(pid, 'SIGUSR2');
  const { value } = await seen;
  // The daemon writes it in one go: once it answers, the file is whole.
  await daemon.client.instances.list();
  await files.return?.();
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    heap: (await stat(join(snapshots, value?.filename ?? ''))).size,
    megabytes: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024),
    descriptors: (await readdir(`/proc/${pid}/fd`)).length,
  };
}
