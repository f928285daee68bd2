// Times every step of an instance's life through the socket, for one daemon or for two in turn.
// usage: node life.mjs ROUNDS NAME=SOCKET,IMAGE,POOL [NAME=SOCKET,IMAGE,POOL]
import { Daemon, median } from './api.mjs';
import { keeperMemory } from './memory.mjs';

const [rounds, ...targets] = process.argv.slice(2);
const daemons = targets.map((target) => {
  const [name, rest] = target.split('=');
  return new Daemon(name, ...rest.split(','));
});
/** Goals of the first cut in ms, as the issue has them, then the final ones of the plan. */
const goals = {
  create: ['', 5],
  start: [20, 10],
  launch: [30, 15],
  exec: [5, 3],
  state: ['', 1],
  freeze: ['', 1.5],
  unfreeze: ['', 1.5],
  restart: ['', 20],
  stop: [15, 8],
  delete: ['', 5],
};

const times = new Map(daemons.map((daemon) => [daemon, {}]));
async function time(daemon, step, work) {
  const begin = performance.now();
  const result = await work();
  (times.get(daemon)[step] ??= []).push(performance.now() - begin);
  return result;
}

async function life(daemon, name) {
  const begin = performance.now();
  await time(daemon, 'create', () => daemon.create(name));
  await time(daemon, 'start', () => daemon.state(name, 'start'));
  (times.get(daemon).launch ??= []).push(performance.now() - begin);
  for (let n = 0; n < 5; n++) await time(daemon, 'exec', () => daemon.exec(name));
  await time(daemon, 'state', () => daemon.request('GET', `/1.0/instances/${name}/state`));
  await time(daemon, 'freeze', () => daemon.state(name, 'freeze'));
  await time(daemon, 'unfreeze', () => daemon.state(name, 'unfreeze'));
  await time(daemon, 'restart', () => daemon.state(name, 'restart'));
  await time(daemon, 'stop', () => daemon.state(name, 'stop'));
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
  const memory = daemon.name === 'lxctl' ? await keeperMemory(daemon.socketPath) : null;
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

for (const daemon of daemons) {
  await daemon.create('bench-warm');
  await daemon.state('bench-warm', 'start');
  await daemon.exec('bench-warm');
  await daemon.state('bench-warm', 'stop');
  await daemon.remove('bench-warm');
}
// In turn, so that a machine that drifts drifts for both.
for (let round = 0; round < Number(rounds); round++) for (const daemon of daemons) await life(daemon, `bench-${round}`);

const second = daemons[1];
console.log(`median ms of ${rounds} lives; a busybox that sleeps, on its own network, through the socket`);
console.log(
  `${'step'.padEnd(22)}${daemons.map((daemon) => cell(daemon.name)).join('')}${second ? cell('ratio') : ''}${cell('goal')}${cell('final')}`,
);
for (const [step, [goal, final]] of Object.entries(goals)) {
  const [a, b] = daemons.map((daemon) => median(times.get(daemon)[step]));
  console.log(
    `${step.padEnd(22)}${[a, b]
      .slice(0, daemons.length)
      .map((value) => cell(value))
      .join('')}${second ? cell(b / a) : ''}${cell(goal, 0)}${cell(final)}`,
  );
}
for (const daemon of daemons) {
  const { each, list, memory } = await sideBySide(daemon, 8);
  console.log(
    `${daemon.name}: 8 launches side by side ${each.toFixed(1)} ms each; list of 8 with state ${list.toFixed(1)} ms; GET /1.0 ${(await requestsPerSecond(daemon, '/1.0')).toFixed(0)} requests/s`,
  );
  if (memory)
    console.log(
      `${daemon.name}: a keeper's memory ${memory.keeper.toFixed(2)} MB PSS (goal 0.5, final 0.3); daemon ${memory.daemon.toFixed(0)} MB PSS`,
    );
}
for (const daemon of daemons) daemon.close();
