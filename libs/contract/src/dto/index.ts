// Apart from the library's index: the decorators pull class-validator in, which the command and the console do without.
export * from './instance.ts';
export * from './network.ts';
export * from './maps.ts';
export * from './metadata.ts';
export * from './profile.ts';
export * from './server.ts';
export * from './image.ts';
export * from './storage.ts';
export * from './warning.ts';
