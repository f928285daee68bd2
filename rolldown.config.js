import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** The command: one file; what a verb does not use stays unread function bodies (docs/adr, "One file"). */
const lxctl = {
  input: { lxctl: 'apps/lxctl/src/main.ts' },
  platform: 'node',
  external: ['bufferutil', 'utf-8-validate'],
  transform: {
    target: 'node20',
    define: { __LXCTL_VERSION__: JSON.stringify(version), 'process.env.WS_NO_BUFFER_UTIL': '"1"', 'process.env.WS_NO_UTF_8_VALIDATE': '"1"' },
  },
  output: { dir: 'dist', entryFileNames: '[name].mjs', format: 'esm', codeSplitting: false, minify: true, comments: false },
};

export default [lxctl];
