export { extensions, formatOf } from './archive-format.ts';
export type { Upload } from './image-files.ts';
export * from './images.ts';
export { LocalImages, type LocalImagesParts } from './local-images.ts';
export { type ImageCreateParams, type ImageDeleteParams, type ImageOperations, imageOperations } from './operations.ts';
export { recipes } from './sources/recipe/recipes/index.ts';
export type { Fetching, ImageSource } from './sources/source.ts';
