import { localName } from '../../run/name.ts';
import type { WireInstanceSource } from '#lib/contract';
import { finish } from '../../run/progress.ts';
import { type Call, CommandError } from '../../run/verb.ts';

type Context = Pick<Call, 'io' | 'client' | 'config'>;

/** Recipes a server of this version knows: only for suggestions, the server decides. */
const wellKnownRecipes = ['busybox', 'debian/12'];

/** What `launch` and `init` were given as an image: `alias`, a fingerprint, `local:alias` or `build:recipe`. */
export async function imageSource(context: Context, typed: string): Promise<WireInstanceSource> {
  if (typed.startsWith('build:')) return recipeSource(context, typed.slice('build:'.length));
  const reference = localImage(typed);
  const fingerprint = await context.client.images.find(reference);
  if (fingerprint) return { type: 'image', fingerprint };
  throw missing(reference, `Image "${reference}" is not in the local store and no image server is configured`);
}

/** CommandError that says what to do instead when an image server is named. */
function localImage(typed: string): string {
  try {
    return localName(typed, 'image');
  } catch (error) {
    throw error instanceof CommandError ? missing(typed, error.message) : error;
  }
}

/** One request where the server builds what it has not within the create. */
async function recipeSource(context: Context, recipe: string): Promise<WireInstanceSource> {
  if (await context.client.server.has('instance_create_recipe')) return { type: 'image', protocol: 'recipe', alias: recipe };
  return { type: 'image', fingerprint: await build(context, recipe) };
}

/** The recipe's image, made now unless the server has it. */
export async function build(context: Context, recipe: string): Promise<string> {
  const done = await finish(context, await context.client.images.build(recipe), `Building ${recipe}`);
  const fingerprint = done.metadata?.fingerprint;
  if (typeof fingerprint !== 'string') throw new CommandError(`The server built ${recipe} but names no image`);
  return fingerprint;
}

function missing(reference: string, why: string): CommandError {
  const recipe = wellKnownRecipes.find((known) => known === reference || known.split('/')[0] === reference.split(/[/:]/)[0]);
  if (recipe) return new CommandError(`Image "${reference}" is not in the local store; it can be built here: lxctl launch build:${recipe}`);
  const instead = `import a file (lxctl image import FILE --alias NAME) or build one (lxctl launch build:${wellKnownRecipes[1]})`;
  return new CommandError(`${why}; ${instead}`);
}
