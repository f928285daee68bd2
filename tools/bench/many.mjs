// Many instances on one daemon: the start of each, and the list of all with state.
// usage: node many.mjs COUNT NAME=SOCKET,IMAGE,POOL
import { Daemon, median } from './api.mjs';

const [count, target] = process.argv.slice(2);
const [name, rest] = target.split('=');
const daemon = new Daemon(name, ...rest.split(','));
const names = Array.from({ length: Number(count) }, (_, at) => `bench-m${at}`);
const starts = [];
for (const each of names) {
  await daemon.create(each);
  const begin = performance.now();
  await daemon.state(each, 'start');
  starts.push(performance.now() - begin);
}
const list = [];
for (let n = 0; n < 5; n++) {
  const begin = performance.now();
  await daemon.request('GET', '/1.0/instances?recursion=2');
  list.push(performance.now() - begin);
}
// Of ten each, because one start says little.
const [first, last] = [median(starts.slice(5, 15)), median(starts.slice(-10))];
console.log(
  `${name}: ${count} running; a start ${first.toFixed(1)} ms round the tenth, ${last.toFixed(1)} ms at the end: ${(last / first).toFixed(2)} times (goal 1.2); list with state ${median(list).toFixed(0)} ms (goal 150)`,
);
for (let at = 0; at < names.length; at += 8)
  await Promise.all(
    names.slice(at, at + 8).map(async (each) => {
      await daemon.state(each, 'stop');
      await daemon.remove(each);
    }),
  );
daemon.close();
