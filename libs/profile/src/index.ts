export { expand, type Expanded } from './expand.ts';
export { Expansion, type ExpandedFrom } from './expansion.ts';
export * from './profiles.ts';
