#!/usr/bin/env -S -u NODE_EXTRA_CA_CERTS node
// CommonJS, and bin/lxctl a link to it: Node starts that 3 ms sooner than a module. The variable is taken away because
// Node 20 reads the whole certificate bundle at every start, for 38 ms, and this command speaks no TLS.
try {
  require('../dist/lxctl.cjs');
} catch (failure) {
  if (failure.code !== 'MODULE_NOT_FOUND') throw failure;
  process.stderr.write('Error: lxctl is not built yet: run "npm run setup" in its directory\n');
  process.exitCode = 1;
}
