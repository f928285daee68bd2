import { defineConfig } from 'vitest/config';

/** One project a lane. The lanes with a real daemon run one file at a time: they share the kernel of the machine. */
const lane = (name: string, include: string[], options: { daemon?: boolean; exclude?: string[] } = {}) => ({
  extends: true as const,
  test: {
    name,
    include,
    exclude: ['**/node_modules/**', '**/dist/**', ...(options.exclude ?? [])],
    ...(options.daemon ? { fileParallelism: false, testTimeout: 120_000, hookTimeout: 300_000 } : { testTimeout: 20_000 }),
  },
});

export default defineConfig({
  test: {
    projects: [
      lane('unit', ['libs/**/*.spec.ts', 'apps/**/*.spec.ts', 'tools/**/*.spec.ts']),
      lane('native', ['native/test/**/*.spec.ts'], { daemon: true }),
      lane('e2e', ['e2e/**/*.e2e-spec.ts'], { daemon: true, exclude: ['e2e/clients/**', 'e2e/faults/**'] }),
      lane('clients', ['e2e/clients/**/*.e2e-spec.ts'], { daemon: true }),
      lane('faults', ['e2e/faults/**/*.e2e-spec.ts'], { daemon: true }),
    ],
  },
});
