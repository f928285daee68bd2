export { Aliases, aliasProblems } from './aliases.ts';
export { extensions, formatOf } from './archive-format.ts';
export { ImageFiles, type Upload } from './image-files.ts';
export * from './images.ts';
export { LocalImages, type LocalImagesParts } from './local-images.ts';
export { type ImageCreateParams, type ImageDeleteParams, type ImageOperations, imageOperations, rowToText } from './operations.ts';
export { recipes } from './recipes/index.ts';
export type { Recipe } from './recipes/recipe.ts';
export { templateWarning } from './templates.ts';
