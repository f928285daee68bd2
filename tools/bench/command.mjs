// Start of the command against a bare node, in turn. The goal: at most 1.6 times.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from './api.mjs';

const lxctl = fileURLToPath(new URL('../../bin/lxctl', import.meta.url));
const timed = (command, args) => {
  const begin = performance.now();
  spawnSync(command, args, { stdio: 'ignore' });
  return performance.now() - begin;
};
const own = [];
const bare = [];
for (let n = 0; n < 20; n++) {
  bare.push(timed(process.execPath, ['-e', '0']));
  own.push(timed(lxctl, ['version']));
}
console.log(
  `lxctl version ${median(own).toFixed(1)} ms, node -e 0 ${median(bare).toFixed(1)} ms: ${(median(own) / median(bare)).toFixed(2)} times (goal 1.6)`,
);
