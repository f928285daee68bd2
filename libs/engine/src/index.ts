export * from './engine.ts';
export * from './operation-spec.ts';
