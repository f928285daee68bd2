import { stringify } from 'yaml';
import type { JsonObject } from '#lib/base';
import { LxError, problemsOf, refuse } from '#lib/contract';
import type { ImageRow } from '#lib/store';
import type { ImageStore } from '../../images.ts';
import { parseMetadata } from '../../metadata.ts';
import { imageRow } from '../../row.ts';
import type { AskedImage, Fetching, ImageSource } from '../source.ts';
import { Builds } from '../builds.ts';
import type { Recipe } from './recipes/recipe.ts';

/** Properties that a built image carries. */
const recipeProperty = 'lxctl.recipe';
const serialProperty = 'lxctl.serial';

export type RecipeReference = JsonObject & { name: string };

/** Images that the server makes itself. Callers that come together share the work; what was built stays for all. */
export class RecipeSource implements ImageSource<RecipeReference> {
  readonly name = 'recipe';
  readonly #images: ImageStore;
  readonly #recipes: readonly Recipe[];
  readonly #builds = new Builds<ImageRow>();

  constructor({ images, recipes }: { images: ImageStore; recipes: readonly Recipe[] }) {
    this.#images = images;
    this.#recipes = recipes;
  }

  parse({ name, alias, fingerprint, server }: AskedImage): RecipeReference {
    refuse(
      problemsOf([
        [!name && !alias, 'No recipe name provided'],
        [Boolean(fingerprint || server), 'A recipe is asked for by its name alone'],
      ]),
    );
    return { name: name || alias };
  }

  describe({ name }: RecipeReference): string {
    return `the recipe ${JSON.stringify(name)}`;
  }

  async find(project: string, { name }: RecipeReference): Promise<ImageRow | null> {
    const recipe = this.#recipe(name);
    return this.#built(project, recipe, await recipe.serial());
  }

  async fetch(project: string, { name }: RecipeReference, { progress, signal }: Fetching): Promise<ImageRow> {
    const recipe = this.#recipe(name);
    const serial = await recipe.serial();
    try {
      return await this.#builds.join(
        `${project} ${name}`,
        // Another build may have ended between the look and this one.
        async (tell, stop) => (await this.#built(project, recipe, serial)) ?? this.#build(project, recipe, serial, tell, stop),
        progress,
        signal,
      );
    } catch (error) {
      if (signal.aborted) throw new LxError('image.cancelled', undefined, { cause: error });
      throw error;
    }
  }

  /** LxError 'image.recipe_not_found'. */
  #recipe(name: string): Recipe {
    const recipe = this.#recipes.find((one) => one.name === name);
    if (!recipe) throw new LxError('image.recipe_not_found', { name, known: this.#recipes.map((one) => one.name) });
    return recipe;
  }

  async #built(project: string, recipe: Recipe, serial: string): Promise<ImageRow | null> {
    const rows = await this.#images.list(project);
    return rows.find(({ properties }) => properties[recipeProperty] === recipe.name && properties[serialProperty] === serial) ?? null;
  }

  async #build(project: string, recipe: Recipe, serial: string, progress: (text: string) => void, signal: AbortSignal): Promise<ImageRow> {
    const { files, aliases } = this.#images;
    const id = await files.begin();
    try {
      const { layout, metadata } = await recipe.build({ directory: files.incoming(id), progress, signal });
      const upload = await files.describe(id, layout);
      const known = await this.#images.get(project, upload.fingerprint);
      if (known !== null) {
        await files.discard(id);
        return known;
      }
      const properties = { [recipeProperty]: recipe.name, [serialProperty]: serial };
      const request = { project, filename: recipe.name, public: false, properties, profiles: ['default'], fingerprint: null, aliases: [] };
      const row = await this.#images.publish(upload, imageRow(request, upload, parseMetadata(stringify(metadata))), []);
      for (const alias of recipe.aliases)
        await aliases.point(project, alias, row.fingerprint, (target) => target?.properties[recipeProperty] === recipe.name);
      return row;
    } catch (error) {
      await files.discard(id);
      throw error;
    }
  }
}
