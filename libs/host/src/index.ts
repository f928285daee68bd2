export * from './launch-plan.ts';
export * from './ports.ts';
