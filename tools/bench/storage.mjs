// What storage costs: snapshots, restores and copies of a small root, of a Debian, and of a gigabyte that was changed; between
// pools; and what a root of many layers costs who looks names up.
// usage: node storage.mjs ROUNDS CASES NAME=SOCKET,PREFIX,POOL,OTHERPOOL...   (the images are PREFIXbench and PREFIXbench-debian; the first is ours)
import { Daemon, median } from './api.mjs';

const [rounds, wanted, ...targets] = process.argv.slice(2);
const pools = targets.map((target) => {
  const [name, rest] = target.split('=');
  const [socket, prefix, pool, other] = rest.split(',');
  return { name, prefix, pool, other, daemon: new Daemon(name, socket, `${prefix}bench`, pool) };
});
const times = new Map();

async function time(pool, row, work) {
  const begin = performance.now();
  await work();
  const of = times.get(row) ?? times.set(row, new Map()).get(row);
  of.set(pool, [...(of.get(pool) ?? []), performance.now() - begin]);
}

function made(daemon, name, image, pool) {
  return daemon.run('POST', '/1.0/instances', {
    name,
    source: { type: 'image', alias: image },
    devices: { root: { type: 'disk', path: '/', pool } },
    config: {},
  });
}

function sh(daemon, name, script) {
  const ask = { 'wait-for-websocket': false, interactive: false, 'record-output': false, environment: {} };
  return daemon.run('POST', `/1.0/instances/${name}/exec`, { ...ask, command: ['sh', '-c', script] }).then((done) => {
    if (done.metadata.return !== 0) throw new Error(`${daemon.name}: ${script}: ${done.metadata.return}`);
  });
}

function copied(daemon, from, to, pool, refresh = false) {
  const devices = { root: { type: 'disk', path: '/', pool } };
  return daemon.run('POST', '/1.0/instances', { name: to, source: { type: 'copy', source: from, refresh }, config: {}, devices });
}

/** `change`: what is changed in the root before its first snapshot, and a little more of the like before the second. */
async function life(pool, what, image, change, more) {
  const { daemon } = pool;
  const name = 'bench-s';
  const row = (step) => `${what}: ${step}`;
  await time(pool, row('create'), () => made(daemon, name, pool.prefix + image, pool.pool));
  await time(pool, row('start'), () => daemon.state(name, 'start'));
  await sh(daemon, name, `${change}; sync`);
  await time(pool, row('snapshot, running'), () => daemon.snapshot(name, 's0'));
  await sh(daemon, name, `${more}; sync`);
  await time(pool, row('copy of what runs'), () => copied(daemon, name, `${name}-r`, pool.pool));
  await daemon.remove(`${name}-r`);
  await daemon.state(name, 'stop');
  await time(pool, row('snapshot'), () => daemon.snapshot(name, 's1'));
  await time(pool, row('restore'), () => daemon.restore(name, 's0'));
  await time(pool, row('copy, two snapshots'), () => copied(daemon, name, `${name}-c`, pool.pool));
  await daemon.remove(`${name}-c`);
  if (pool.other) {
    await time(pool, row('the same to another pool'), () => copied(daemon, name, `${name}-o`, pool.other));
    await daemon.state(name, 'start');
    await sh(daemon, name, more);
    await daemon.state(name, 'stop');
    await time(pool, row('refreshed there'), () => copied(daemon, name, `${name}-o`, pool.other, true));
    await daemon.remove(`${name}-o`);
  }
  await time(pool, row('delete, two snapshots'), () => daemon.remove(name));
}

const gigabyte = 'dd if=/dev/urandom of=/root/data bs=1048576 count=1024 2>/dev/null';
const megabyte = 'dd if=/dev/urandom of=/root/more bs=1048576 count=1 2>/dev/null';
const cases = [
  ['busybox', 'bench', 'echo one > /root/note', 'echo two > /root/note'],
  ['debian', 'bench-debian', 'echo one > /root/note', 'echo two > /root/note'],
  ['gigabyte', 'bench', gigabyte, megabyte],
].filter(([what]) => wanted.split(',').includes(what));

/** Microseconds that a lookup of a missing name takes, and the first open of a file in the lowest layer, on so many layers. */
async function depth({ daemon, prefix, pool }, layers) {
  const name = 'bench-d';
  const files = 4000;
  await made(daemon, name, `${prefix}bench`, pool);
  await daemon.state(name, 'start');
  await sh(daemon, name, `mkdir /root/d; i=0; while [ $i -lt ${files} ]; do echo $i > /root/d/$i; i=$((i+1)); done; sync`);
  await daemon.state(name, 'stop');
  for (let n = 0; n < layers; n++) {
    await daemon.snapshot(name, `s${n}`);
    // A layer that has the directory, too: a lookup asks it.
    await daemon.state(name, 'start');
    await sh(daemon, name, `echo ${n} > /root/d/of-${n}`);
    await daemon.state(name, 'stop');
  }
  const loop = async (work) => {
    const begin = performance.now();
    await sh(daemon, name, `cd /root/d; i=0; while [ $i -lt ${files} ]; do ${work}; i=$((i+1)); done`);
    return performance.now() - begin;
  };
  const results = { missing: [], open: [] };
  for (let round = 0; round < 5; round++) {
    await daemon.state(name, 'start');
    const empty = await loop(':');
    results.open.push(((await loop('read x < $i')) - empty) / files);
    results.missing.push(((await loop('[ -e none-$i ]')) - empty) / files);
    await daemon.state(name, 'stop');
  }
  await daemon.remove(name);
  return Object.fromEntries(Object.entries(results).map(([kind, each]) => [kind, median(each) * 1000]));
}

// The image is unpacked once a pool.
for (const image of new Set(cases.map(([, each]) => each)))
  for (const { daemon, prefix, pool } of pools) {
    await made(daemon, 'bench-warm', prefix + image, pool);
    await daemon.remove('bench-warm');
  }
// In turn, so that a machine that drifts drifts for all.
for (const [what, image, change, more] of cases)
  for (let round = 0; round < Number(rounds); round++) for (const pool of pools) await life(pool, what, image, change, more);

const cell = (text) => text.padStart(Math.max(14, ...pools.map(({ name }) => name.length + 2)));
console.log(`median ms of ${rounds} rounds, through the socket`);
console.log(`${''.padEnd(40)}${pools.map(({ name }) => cell(name)).join('')}`);
for (const [row, of] of times)
  console.log(`${row.padEnd(40)}${pools.map((pool) => cell(of.has(pool) ? median(of.get(pool)).toFixed(1) : '-')).join('')}`);
const [own] = pools;
for (const layers of wanted.split(',').includes('depth') ? [1, 31] : []) {
  const { missing, open } = await depth(own, layers);
  console.log(
    `${own.name}, a root on ${layers} layers and its image: a missing name ${missing.toFixed(1)} us, the first open of a file of the lowest layer ${open.toFixed(1)} us`,
  );
}
for (const { daemon } of pools) daemon.close();
