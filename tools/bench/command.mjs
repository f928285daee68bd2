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

// A launch as a person does it: the whole process, to its end. Only with a daemon at hand (LXCTL_DIR).
if (process.env.LXCTL_DIR) {
  const launches = [];
  for (let n = 0; n < 10; n++) {
    launches.push(timed(lxctl, ['launch', 'bench', `bench-c${n}`]));
    timed(lxctl, ['delete', '--force', `bench-c${n}`]);
  }
  console.log(`lxctl launch, the whole process ${median(launches).toFixed(1)} ms, of which node ${median(bare).toFixed(1)} ms`);
}
