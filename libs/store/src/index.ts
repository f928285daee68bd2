export * from './embedded/embedded-postgres.ts';
export { openStore } from './open-store.ts';
export type { SocketAddress, StoreAddress } from './open-store.ts';
export * from './rows.ts';
export * from './store.ts';
