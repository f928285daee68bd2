import { defineConfig } from 'vitest/config';

interface Lane {
  /** One file at a time: they share the kernel of the machine. */
  alone?: boolean;
  /** Milliseconds for a test and for a hook. */
  timeouts?: [test: number, hook: number];
  exclude?: string[];
  /** Files share loaded modules: most of the time of small specs is the loading. They leave no trace in them. */
  shared?: boolean;
}

const sources = (ending: string) => ['libs', 'apps', 'tools'].map((folder) => `${folder}/**/*${ending}`);
const daemon = { alone: true, timeouts: [120_000, 300_000] } satisfies Lane;

/** One project a lane; what each needs is told by tools/test.sh and CONTRIBUTING.md. */
const lane = (
  name: string,
  include: string[],
  { alone = false, timeouts = [20_000, 60_000], exclude = [], shared = false }: Lane = {},
) => ({
  extends: true as const,
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', '**/dist/**', ...exclude],
    fileParallelism: !alone,
    isolate: !shared,
    testTimeout: timeouts[0],
    hookTimeout: timeouts[1],
  },
});

export default defineConfig({
  test: {
    projects: [
      lane('unit', sources('.spec.ts'), { shared: true, exclude: sources('.{root,postgres}.spec.ts') }),
      lane('root', sources('.root.spec.ts'), { alone: true }),
      lane('postgres', sources('.postgres.spec.ts')),
      lane('native', ['native/test/**/*.spec.ts'], daemon),
      lane('e2e', ['e2e/**/*.e2e-spec.ts'], { ...daemon, exclude: ['e2e/clients/**', 'e2e/faults/**', 'e2e/soak/**'] }),
      lane('clients', ['e2e/clients/**/*.e2e-spec.ts'], daemon),
      lane('faults', ['e2e/faults/**/*.e2e-spec.ts'], daemon),
      // Minutes long, so no part of `npm test`: npm run soak.
      lane('soak', ['e2e/soak/**/*.e2e-spec.ts'], daemon),
    ],
  },
});
