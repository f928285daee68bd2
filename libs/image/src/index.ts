export type { Upload } from './image-files.ts';
export * from './images.ts';
export type { InstanceTree, InstanceTrees, TreeOwner } from './instance-trees.ts';
export { LocalImages, type LocalImagesParts } from './local-images.ts';
export { beginImage, type ImageCreateParams, type ImageDeleteParams, type ImageOperations, imageOperations } from './operations.ts';
export { recipes } from './sources/recipe/recipes/index.ts';
export { imageSweeps } from './updates/sweeps.ts';
export type { Fetching, ImageSource } from './sources/source.ts';
