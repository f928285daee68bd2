import type { ArchiveChecks } from '../check.ts';
import type { ImageStore } from '../images.ts';
import type { Recipe } from './recipe/recipes/recipe.ts';
import { RecipeSource } from './recipe/index.ts';
import { UploadSource } from './upload/index.ts';

export interface SourceParts {
  images: ImageStore;
  checks: ArchiveChecks;
  recipes: readonly Recipe[];
}

/** Every source of images, by its name in requests: a line each. */
export function imageSources({ images, checks, recipes }: SourceParts) {
  return {
    upload: new UploadSource(images, checks),
    recipe: new RecipeSource(images, recipes),
  };
}

export type ImageSources = ReturnType<typeof imageSources>;
