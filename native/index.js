// Loads the addon that node-gyp built. Only libs/host imports this file, as '#native'; bundles leave that import alone,
// so that dist/ and the source tree find the same file through package.json.
import { createRequire } from 'node:module';

const path = './build/Release/lxctl.node';

function load() {
  try {
    return createRequire(import.meta.url)(path);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error('The native addon is not built. Run: npm run build:native', { cause: error });
  }
}

export default load();
