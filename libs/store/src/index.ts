export * from './embedded/embedded-postgres.ts';
export { openStore } from './open-store.ts';
export type { OpenOptions, SocketAddress, StoreAddress } from './open-store.ts';
export type { Disk } from './postgres/statement.ts';
export * from './rows.ts';
export * from './store.ts';
