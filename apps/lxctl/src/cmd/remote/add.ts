import { ImageServers } from '../../remote/image-servers.ts';
import { choice, CommandError, defineVerb, toggle } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<image-server> <URL>',
  details: 'A server of images. Its images are named REMOTE:ALIAS then.',
  examples: ['lxctl remote add ours https://images.example.org --protocol=simplestreams'],
  flags: {
    protocol: choice('--protocol <protocol>', 'What it speaks', ['simplestreams', 'lxd'] as const, 'simplestreams'),
    public: toggle('--public', 'Nothing else is there to be done with an image server'),
  },
  async run({ args: [name, url], flags, io }) {
    if (flags.protocol === 'lxd')
      throw new CommandError('Servers of instances are not remotes of this version, only servers of images are');
    await new ImageServers(io).add(remoteName(name), imageServerUrl(url));
  },
});

/** CommandError for what is none. */
export function remoteName(name: string): string {
  if (/^[a-z0-9][\w.-]*$/i.test(name)) return name;
  throw new CommandError(`"${name}" is no name of a remote: letters, digits, - _ and . alone`);
}

/** CommandError for what is none. */
export function imageServerUrl(url: string): string {
  if (URL.canParse(url) && new URL(url).protocol === 'https:') return url.replace(/\/+$/, '');
  throw new CommandError('Only https URLs are supported for simplestreams');
}
