export * from './engine.ts';
export { faultPoints, faultsFromEnvironment, liveFaultPoints } from './faults.ts';
export type { FaultPoint, Faults } from './faults.ts';
export * from './operation-engine.ts';
export * from './operation-spec.ts';
export { messageOf } from './problem.ts';
export type { Problem, Report } from './problem.ts';
export type { Lease, Locks } from './locks.ts';
