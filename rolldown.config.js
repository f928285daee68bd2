import { readFileSync } from 'node:fs';
import { codeCache } from './tools/code-cache.js';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** The command: one CommonJS file, because Node starts that sooner than a module. What a verb does not use is never run. */
const lxctl = {
  input: { lxctl: 'apps/lxctl/src/main.ts' },
  platform: 'node',
  external: ['bufferutil', 'utf-8-validate'],
  // The contract is data and types; the command uses few of its rows and none of its DTO classes, whose decorators would
  // otherwise bring class-validator in.
  treeshake: {
    moduleSideEffects: [
      { test: /\/libs\/contract\/|\/node_modules\/(class-validator|class-transformer|reflect-metadata)\//, sideEffects: false },
    ],
  },
  transform: {
    target: 'node20',
    define: {
      __LXCTL_VERSION__: JSON.stringify(version),
      'process.env.WS_NO_BUFFER_UTIL': '"1"',
      'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
    },
  },
  optimization: { pifeForModuleWrappers: false },
  plugins: [codeCache('lxctl', ['version', '--quiet'], { LXCTL_SOCKET: '/nonexistent' })],
  output: {
    dir: 'dist',
    entryFileNames: '[name].cjs',
    format: 'cjs',
    dynamicImportInCjs: false,
    codeSplitting: false,
    minify: true,
    comments: false,
  },
};

/**
 * The daemon. The addon stays a file of its own, found through package.json; what only other databases, transports and
 * template engines need is not installed and never reached. What the start does not need (x509) is a chunk of its own.
 */
const lxctld = {
  input: { lxctld: 'apps/lxctld/src/main.ts' },
  platform: 'node',
  external: [
    '#native',
    'bufferutil',
    'utf-8-validate',
    'pg-native',
    'class-transformer/storage',
    /^@nestjs\/(microservices|websockets|platform-socket\.io|platform-express)/,
    /^@fastify\/(view|static|multipart)/,
    /^(@google-cloud\/spanner|@sap\/.*|better-sqlite3|hdb-pool|ioredis|mongodb|mssql|mysql2?|oracledb|pg-query-stream|react-native-sqlite-storage|redis|sql\.js|sqlite3|ts-node|typeorm-aurora-data-api-driver)$/,
  ],
  transform: { target: 'node20' },
  output: { dir: 'dist', entryFileNames: '[name].mjs', chunkFileNames: 'lxctld/[name].mjs', format: 'esm', comments: false },
};

/** `npm run gen`: the reference from the catalogues. */
const gen = {
  input: { gen: 'tools/gen/main.ts' },
  platform: 'node',
  external: ['class-transformer/storage'],
  // The catalogues need no kernel: the addon, which may not be built yet, is left out with what would ask it.
  treeshake: { moduleSideEffects: [{ test: /\/(libs\/host|native)\//, sideEffects: false }] },
  transform: { target: 'node20' },
  output: { dir: 'dist', entryFileNames: '[name].mjs', format: 'esm', codeSplitting: false },
};

const all = { lxctl, lxctld, gen };
// LXCTL_BUNDLES=gen: only these, by name.
const chosen = process.env.LXCTL_BUNDLES?.split(',') ?? ['lxctl', 'lxctld'];

export default chosen.map((name) => all[name]);
