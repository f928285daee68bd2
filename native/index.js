// Loads the addon that node-gyp built. Only libs/host imports this file.
import { createRequire } from 'node:module';

const addon = createRequire(import.meta.url)('./build/Release/lxctl.node');
export default addon;
