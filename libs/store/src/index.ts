export * from './embedded/embedded-postgres.ts';
export { openStore } from './open-store.ts';
export type { OpenOptions, SocketAddress, StoreAddress } from './open-store.ts';
export { DatabaseOwned } from './postgres/ownership.ts';
export type { Disk } from './postgres/pool-session.ts';
export { SchemaIsNewer } from './postgres/schema.ts';
export * from './rows.ts';
export * from './store.ts';
