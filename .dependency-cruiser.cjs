// The layers of the house, from the one table in tools/ranks.json (ARCHITECTURE.md prints it).
const ranks = require('./tools/ranks.json');

const folder = (name) => (name === 'apps' ? '^apps/' : `^libs/${name}/`);
const names = Object.keys(ranks);

/** A library may import what has a lower rank: not its equals, and nothing above. */
const downwards = names
  .filter((name) => name !== 'apps')
  .map((name) => ({
    name: `rank-${name}`,
    comment: `libs/${name} has rank ${ranks[name].rank} and imports lower ranks alone; what joins equals belongs one rank up.`,
    severity: 'error',
    from: { path: folder(name) },
    to: { path: names.filter((other) => other !== name && ranks[other].rank >= ranks[name].rank).map(folder) },
  }));

module.exports = {
  forbidden: [
    ...downwards,
    {
      name: 'one-door',
      comment: 'A library is entered by its index.ts (#lib/<name>; #dto for the DTO classes), so that what is inside can be moved.',
      severity: 'error',
      from: { path: '^(apps|libs|tools|e2e)/([^/]+)/', pathNot: '(\\.(spec|e2e-spec|conformance)\\.ts|/testing/[^/]+)$' },
      to: { path: '^libs/([^/]+)/src/', pathNot: ['^libs/[^/]+/src/index\\.ts$', '^libs/contract/src/dto/index\\.ts$', '^libs/$2/'] },
    },
    {
      name: 'addon-in-host',
      comment: 'Only libs/host knows the addon; everybody else asks the host through its ports, which have fakes.',
      severity: 'error',
      from: { pathNot: '^(libs/host/|native/)' },
      to: { path: '^native/' },
    },
    {
      name: 'typeorm-in-store',
      comment: 'Only libs/store and the migrations know TypeORM; everybody else sees plain rows.',
      severity: 'error',
      from: { pathNot: '^(libs/store/|migrations/)' },
      to: { path: 'node_modules/(typeorm|pg)/' },
    },
    {
      name: 'undici-in-streams',
      comment: "Only libs/streams speaks to other servers: with the host's authorities, its proxies and a deadline on every wait.",
      severity: 'error',
      from: { pathNot: '^libs/streams/' },
      to: { path: 'node_modules/undici/' },
    },
    {
      name: 'plain-base',
      comment: 'base and contract run in a browser too: no framework and nothing of Node.',
      severity: 'error',
      from: { path: '^libs/(base|contract)/', pathNot: '\\.spec\\.ts$' },
      to: { path: ['node_modules/(@nestjs|typeorm|pg|ws|fastify)/', '^native/'] },
    },
    {
      name: 'plain-base-core',
      comment: 'base and contract run in a browser too: no framework and nothing of Node.',
      severity: 'error',
      from: { path: '^libs/(base|contract)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'nest-in-apps',
      comment: 'Libraries are plain classes; Nest wires them in the daemon.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: 'node_modules/(@nestjs|fastify)/' },
    },
    {
      name: 'apps-apart',
      comment: 'The command talks to the daemon over the socket, never by import.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'no-circles',
      comment: 'Two files that import each other are one file or three.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'The import leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: ['^#native$', '^bun', '\\.node$'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|build|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
};
