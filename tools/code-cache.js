import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * A rolldown plugin: beside a CommonJS bundle goes V8's code cache of it, made by running the bundle once. It saves the
 * reading and compiling of the source, a third of the time that a short command takes.
 *
 * V8 trusts a cache whose source has the right length, so the bundle ends in a hash of itself and the cache has that hash
 * in its name: an old cache is never found. One of another Node version is rejected by V8 and only costs the time.
 * bin/lxctl.cjs is the reader; the wrapper text must be the same there.
 */
export function codeCache(name, argv, env) {
  return {
    name: 'code-cache',
    // One byte a character: V8 scans that faster, and the launcher may read the file as latin1.
    renderChunk: (code) => code.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
    writeBundle({ dir }) {
      for (const file of readdirSync(dir)) if (file.startsWith(`${name}-`) && file.endsWith('.cache')) rmSync(`${dir}/${file}`);
      const bundle = `${dir}/${name}.cjs`;
      const code = readFileSync(bundle, 'latin1');
      const hash = createHash('sha256').update(code).digest('hex').slice(0, 16);
      writeFileSync(`${bundle}.new`, `${code.trimEnd()}\n//${hash}`);
      renameSync(`${bundle}.new`, bundle);
      execFileSync(process.execPath, ['-e', maker, bundle, `${dir}/${name}-${hash}.cache`, ...argv], {
        env: { ...process.env, ...env },
        stdio: 'ignore',
      });
    },
  };
}

const maker = `
  const { readFileSync, writeFileSync } = require('node:fs');
  const { Script } = require('node:vm');
  const [bundle, cache, ...argv] = process.argv.slice(1);
  const script = new Script('(function (require) {' + readFileSync(bundle, 'latin1') + '\\n})', { filename: bundle });
  process.argv = [process.execPath, bundle, ...argv];
  process.on('exit', () => { writeFileSync(cache, script.createCachedData()); process.exitCode = 0; });
  script.runInThisContext()(require);
`;
