import { localName } from '../../run/name.ts';
import type { WireInstanceSource } from '#lib/contract';
import { ImageServers } from '../../remote/image-servers.ts';
import { finish } from '../../run/progress.ts';
import { type Call, CommandError } from '../../run/verb.ts';

type Context = Pick<Call, 'io' | 'client' | 'config'>;

/** Recipes a server of this version knows: only for suggestions, the server decides. */
const wellKnownRecipes = ['busybox', 'debian/12'];

/**
 * What `launch` and `init` were given as an image: `alias`, a fingerprint, `local:alias`, `build:recipe`, or one of an image server, as
 * `ubuntu:24.04`. What names no place is looked for in the local store first.
 */
export async function imageSource(context: Context, typed: string): Promise<WireInstanceSource> {
  if (typed.startsWith('build:')) return recipeSource(context, typed.slice('build:'.length));
  const servers = new ImageServers(context.io);
  const local = /^(local)?:/.test(typed) || !typed.includes(':');
  const fingerprint = local ? await context.client.images.find(localName(typed, 'image')) : null;
  if (fingerprint) return { type: 'image', fingerprint };
  const remote = typed.includes(':') && local ? null : await servers.resolve(typed);
  if (remote) return { type: 'image', mode: 'pull', ...remote };
  throw missing(localName(typed, 'image'));
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

function missing(reference: string): CommandError {
  const recipe = wellKnownRecipes.find((known) => known === reference || known.split('/')[0] === reference.split('/')[0]);
  const from = recipe ? [`build one (lxctl launch build:${recipe})`] : [`import a file (lxctl image import FILE --alias NAME)`];
  const hints = [...from, `or name an image server's (lxctl launch images:${reference})`].join(', ');
  return new CommandError(`Image "${reference}" is not in the local store: ${hints}`);
}
