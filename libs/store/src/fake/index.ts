/** A store for specs: `import { MemoryStore } from '<path to>/libs/store/src/fake/index.ts'`. */
export { MemoryStore } from './memory-store.ts';
export { sampleInstance, sampleOperation } from './sample-rows.ts';
