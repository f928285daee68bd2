#!/usr/bin/env -S -u NODE_EXTRA_CA_CERTS node
// CommonJS, and bin/lxctl a link to it: Node starts that 3 ms sooner than a module. The variable is taken away because
// Node 20 reads the whole certificate bundle at every start, for 38 ms, and this command speaks no TLS.
const { readFileSync } = require('node:fs');
const { resolve } = require('node:path');
const { Script } = require('node:vm');

const dist = resolve(__dirname, '../dist');
const source = read('lxctl.cjs', 'latin1');
if (source === undefined) {
  process.stderr.write('Error: lxctl is not built yet: run "npm run setup" in its directory\n');
  process.exit(1);
}
// V8's code cache, made with the bundle (tools/code-cache.js); without one it only takes longer.
const cachedData = read(`lxctl-${source.slice(-16)}.cache`);
new Script(`(function (require) {${source}\n})`, { filename: `${dist}/lxctl.cjs`, cachedData }).runInThisContext()(require);

function read(file, encoding) {
  try {
    return readFileSync(`${dist}/${file}`, encoding);
  } catch (failure) {
    if (failure.code === 'ENOENT') return undefined;
    throw failure;
  }
}
