export * from './encode-plan.ts';
export * from './fake-keepers.ts';
export * from './linux-keepers.ts';
export type { KeeperError } from './conversation.ts';
