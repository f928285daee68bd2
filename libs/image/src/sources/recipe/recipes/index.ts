import { busyboxRecipe } from './busybox.ts';
import { debianRecipe } from './debian.ts';
import type { Recipe } from './recipe.ts';

/** Every recipe, in the order of the help. */
export const recipes: readonly Recipe[] = [
  busyboxRecipe(),
  debianRecipe({ version: '12', codename: 'bookworm', aliases: ['debian/12', 'debian'] }),
];
