export * from './launch-plan.ts';
export * from './ports.ts';
export * from './cgroup/index.ts';
