export * from './all-ended.ts';
export * from './delay.ts';
export * from './deferred.ts';
export * from './json.ts';
export * from './revert.ts';
export * from './sizes.ts';
export * from './storable.ts';
