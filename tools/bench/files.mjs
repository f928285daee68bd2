// Times `lxc file push -r` of many small files, by LXD's own client, into an instance that runs and into one that does not: of
// lxctl, and of each peer that this client can reach. In turn, so that a machine that drifts drifts for all.
// usage: node files.mjs ROUNDS NAME=SOCKET,IMAGE,POOL...
import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Daemon, median } from './api.mjs';

const run = promisify(execFile);
const lxc = '/usr/bin/lxc';
const files = 1000;
const folders = 10;
/** How many times faster than LXD at least. */
const goal = 2;

const [rounds, ...targets] = process.argv.slice(2);
if (
  !(await access(lxc).then(
    () => true,
    () => false,
  ))
) {
  console.log(`Pushing files is not timed: there is no ${lxc}.`);
  process.exit(0);
}
const daemons = targets
  .map((target) => {
    const [name, rest] = target.split('=');
    return new Daemon(name, ...rest.split(','));
  })
  // Incus has a client of its own, which pushes by SFTP.
  .filter(({ name }) => name !== 'incus');
const [own, ...peers] = daemons;

const home = await mkdtemp(join(tmpdir(), 'lxctl-files-'));
const tree = join(home, 'tree');
for (let folder = 0; folder < folders; folder++) {
  await mkdir(join(tree, `${folder}`), { recursive: true });
  for (let file = 0; file < files / folders; file++) await writeFile(join(tree, `${folder}`, `${file}`), `${folder}/${file}\n`.repeat(128));
}

const push = (daemon, to) =>
  run(lxc, ['file', 'push', '-r', '-p', '-q', tree, to], {
    env: { PATH: process.env.PATH, HOME: home, LXD_DIR: dirname(daemon.socketPath) },
  });

const kinds = ['running', 'stopped'];
const instances = { running: 'bench-files-r', stopped: 'bench-files-s' };
const times = new Map(daemons.map((daemon) => [daemon, { running: [], stopped: [] }]));
try {
  for (const daemon of daemons) {
    for (const name of Object.values(instances)) await daemon.create(name);
    await daemon.state(instances.running, 'start');
    for (const kind of kinds) await push(daemon, `${instances[kind]}/root/warm`);
  }
  for (let round = 0; round < Number(rounds); round++) {
    for (const kind of kinds) {
      for (const daemon of daemons) {
        const begin = performance.now();
        await push(daemon, `${instances[kind]}/root/${round}`);
        times.get(daemon)[kind].push(performance.now() - begin);
      }
    }
  }
} finally {
  for (const daemon of daemons) {
    await daemon.state(instances.running, 'stop').catch(() => {});
    for (const name of Object.values(instances)) await daemon.remove(name).catch(() => {});
    daemon.close();
  }
  await rm(home, { recursive: true, force: true });
}
for (const kind of kinds) {
  const mine = median(times.get(own)[kind]);
  const beside = peers.map((peer) => {
    const theirs = median(times.get(peer)[kind]);
    return `, ${peer.name} ${theirs.toFixed(0)} ms, ${(theirs / mine).toFixed(1)} times as long${peer.name === 'lxd' ? ` (goal ${goal})` : ''}`;
  });
  console.log(`lxc file push -r of ${files} files of 0.5 kB, ${kind}: ${own.name} ${mine.toFixed(0)} ms${beside.join('')}`);
}
