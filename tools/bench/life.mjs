// Times every step of an instance's life through the socket, for one daemon or for several in turn, and counts what each
// step asks of lxctl's database.
// usage: node life.mjs ROUNDS NAME=SOCKET,IMAGE,POOL...
import { Daemon, median } from './api.mjs';
import { keeperMemory } from './memory.mjs';

const [rounds, ...targets] = process.argv.slice(2);
const daemons = targets.map((target) => {
  const [name, rest] = target.split('=');
  return new Daemon(name, ...rest.split(','));
});
const [own, ...peers] = daemons;

/** The goals: milliseconds at most, and how many times faster than LXD at least ('' where none is set). */
const goals = {
  'launch, one request': [10, 20],
  create: [4, ''],
  start: [9, ''],
  'create and start': ['', ''],
  exec: [3, ''],
  state: [1, ''],
  freeze: [2, ''],
  unfreeze: [2, ''],
  restart: ['', ''],
  snapshot: [5, 5],
  stop: [6, ''],
  restore: [10, 5],
  'copy, one snapshot': [8, 5],
  'delete snapshot': ['', ''],
  delete: [4, ''],
};
/** Statements and commits at most. */
const databaseGoals = { 'launch, one request': [6, 2], create: [5, 2] };

const times = new Map(daemons.map((daemon) => [daemon, {}]));
const asked = {};

/** The counters of the daemon's database; null for a daemon that counts nothing. */
async function traffic(daemon) {
  if (daemon !== own) return null;
  return (await daemon.request('GET', '/internal/traffic')).metadata;
}

async function time(daemon, step, work) {
  const before = await traffic(daemon);
  const begin = performance.now();
  const result = await work();
  (times.get(daemon)[step] ??= []).push(performance.now() - begin);
  const after = await traffic(daemon);
  if (before) (asked[step] ??= []).push([after.statements - before.statements, after.commits - before.commits]);
  return result;
}

async function life(daemon, name) {
  await time(daemon, 'launch, one request', () => daemon.launch(`${name}-l`));
  await daemon.state(`${name}-l`, 'stop');
  await daemon.remove(`${name}-l`);
  await time(daemon, 'create', () => daemon.create(name));
  await time(daemon, 'start', () => daemon.state(name, 'start'));
  const { create, start } = times.get(daemon);
  (times.get(daemon)['create and start'] ??= []).push(create.at(-1) + start.at(-1));
  for (let n = 0; n < 5; n++) await time(daemon, 'exec', () => daemon.exec(name));
  await time(daemon, 'state', () => daemon.request('GET', `/1.0/instances/${name}/state`));
  await time(daemon, 'freeze', () => daemon.state(name, 'freeze'));
  await time(daemon, 'unfreeze', () => daemon.state(name, 'unfreeze'));
  await time(daemon, 'restart', () => daemon.state(name, 'restart'));
  // Of an instance that runs, and back when it does not.
  await time(daemon, 'snapshot', () => daemon.snapshot(name, 's0'));
  await time(daemon, 'stop', () => daemon.state(name, 'stop'));
  await time(daemon, 'restore', () => daemon.restore(name, 's0'));
  await time(daemon, 'copy, one snapshot', () => daemon.copy(name, `${name}-c`));
  await daemon.remove(`${name}-c`);
  await time(daemon, 'delete snapshot', () => daemon.remove(`${name}/snapshots/s0`));
  await time(daemon, 'delete', () => daemon.remove(name));
}

async function sideBySide(daemon, count) {
  const names = Array.from({ length: count }, (_, at) => `bench-p${at}`);
  const begin = performance.now();
  await Promise.all(
    names.map(async (name) => {
      await daemon.create(name);
      await daemon.state(name, 'start');
    }),
  );
  const each = (performance.now() - begin) / count;
  const list = [];
  for (let n = 0; n < 5; n++) {
    const start = performance.now();
    await daemon.request('GET', '/1.0/instances?recursion=2');
    list.push(performance.now() - start);
  }
  const memory = daemon === own ? await keeperMemory(daemon.socketPath) : null;
  await Promise.all(
    names.map(async (name) => {
      await daemon.state(name, 'stop');
      await daemon.remove(name);
    }),
  );
  return { each, list: median(list), memory };
}

async function requestsPerSecond(daemon, path, ms = 2000) {
  const until = performance.now() + ms;
  let count = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (; performance.now() < until; count++) await daemon.request('GET', path);
    }),
  );
  return count / (ms / 1000);
}

function cell(value, digits = 1) {
  return (value === undefined || value === null ? '' : typeof value === 'number' ? value.toFixed(digits) : String(value)).padStart(10);
}

function row(label, cells) {
  console.log(`${label.padEnd(22)}${cells.join('')}`);
}

for (const daemon of daemons) {
  for (const name of ['bench-warm', 'bench-warmer']) {
    await daemon.launch(name);
    await daemon.exec(name);
    await daemon.state(name, 'stop');
    await daemon.remove(name);
  }
}
// In turn, so that a machine that drifts drifts for all.
for (let round = 0; round < Number(rounds); round++) for (const daemon of daemons) await life(daemon, `bench-${round}`);

console.log(`median ms of ${rounds} lives; a busybox that sleeps, on its own network, through the socket`);
const ratioHeads = peers.flatMap(({ name }) => [cell(name), cell('times')]);
row('step', [cell(own.name), cell('goal'), ...ratioHeads, cell('goal'), cell('stmts'), cell('commits'), cell('goal')]);
for (const [step, [goal, times_]] of Object.entries(goals)) {
  const mine = median(times.get(own)[step]);
  const beside = peers.flatMap((peer) => {
    const theirs = median(times.get(peer)[step]);
    return [cell(theirs), cell(theirs / mine)];
  });
  const counts = asked[step] ?? [];
  const [statements, commits] = counts.length > 0 ? [0, 1].map((at) => median(counts.map((count) => count[at]))) : ['', ''];
  const database = databaseGoals[step]?.join('/') ?? '';
  row(step, [cell(mine), cell(goal, 0), ...beside, cell(times_, 0), cell(statements, 0), cell(commits, 0), cell(database)]);
}
let rate = 0;
for (const daemon of daemons) {
  const { each, list, memory } = await sideBySide(daemon, 8);
  const requests = await requestsPerSecond(daemon, '/1.0');
  const beside = daemon === own ? '' : `, ours ${(rate / requests).toFixed(2)} times that (goal 1.3)`;
  if (daemon === own) rate = requests;
  console.log(
    `${daemon.name}: 8 launches side by side ${each.toFixed(1)} ms each; list of 8 with state ${list.toFixed(1)} ms; GET /1.0 ${requests.toFixed(0)} requests/s${beside}`,
  );
  if (memory)
    console.log(
      `${daemon.name}: a keeper's memory ${memory.keeper.toFixed(2)} MB PSS (goal 0.5, final 0.3); daemon ${memory.daemon.toFixed(0)} MB PSS`,
    );
}
for (const daemon of daemons) daemon.close();
