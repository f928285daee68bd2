export * from './errors/index.ts';
export * from './operations.ts';
export * from './status.ts';
export * from './wire/event.ts';
export * from './wire/instance.ts';
export * from './wire/operation.ts';
export * from './wire/profile.ts';
export * from './wire/server.ts';
