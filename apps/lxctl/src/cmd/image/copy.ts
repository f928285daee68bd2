import { ImageServers } from '../../remote/image-servers.ts';
import { print } from '../../output/print.ts';
import { onlyRemote } from '../../run/name.ts';
import { finish } from '../../run/progress.ts';
import { CommandError, defineVerb, many, toggle } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<image> [remote]',
  usage: '<remote>:<image> [local:]',
  details: 'Fetches an image of an image server into the local store.',
  examples: ['lxctl image copy ubuntu:24.04 local: --alias noble --auto-update'],
  flags: {
    alias: many('--alias <name>', 'Alias for the image (may be repeated)'),
    autoUpdate: toggle('--auto-update', 'Exchange it for a newer one when the server has one'),
    public: toggle('--public', 'Let callers without trust use it'),
  },
  async run(call) {
    const { flags, io, client } = call;
    const [typed, to] = call.args;
    onlyRemote(to);
    const image = typed.startsWith('local:') ? null : await new ImageServers(io).resolve(typed);
    if (image === null) throw new CommandError(`"${typed}" is no image of an image server, such as ubuntu:24.04`);
    const aliases = flags.alias.map((name) => ({ name, description: '' }));
    const wish = { aliases, auto_update: flags.autoUpdate, public: flags.public };
    const done = await finish(call, await client.images.copyFrom(image, wish), `Copying ${typed}`);
    print(io, `Image copied with fingerprint: ${String(done.metadata?.fingerprint)}`);
  },
});
