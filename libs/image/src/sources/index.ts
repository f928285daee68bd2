import type { Confinement } from '#lib/host';
import type { ArchiveChecks } from '../check.ts';
import type { ImageStore } from '../images.ts';
import type { InstanceTrees } from '../instance-trees.ts';
import type { Recipe } from './recipe/recipes/recipe.ts';
import { InstanceSource } from './instance/index.ts';
import { RecipeSource } from './recipe/index.ts';
import { StreamSource } from './simplestreams/index.ts';
import { UploadSource } from './upload/index.ts';

export interface SourceParts {
  images: ImageStore;
  checks: ArchiveChecks;
  /** Runs the programs that read a stranger's bytes. */
  confinement: Confinement;
  recipes: readonly Recipe[];
  /** The kernel's name of the host's. */
  architecture: string;
  instances: () => InstanceTrees;
}

/** Every source of images, by its name in requests: a line each. */
export function imageSources(parts: SourceParts) {
  return {
    upload: new UploadSource(parts),
    recipe: new RecipeSource(parts),
    instance: new InstanceSource(parts),
    simplestreams: new StreamSource(parts),
  };
}

export type ImageSources = ReturnType<typeof imageSources>;
