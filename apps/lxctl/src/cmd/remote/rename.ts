import { ImageServers } from '../../remote/image-servers.ts';
import { defineVerb } from '../../run/verb.ts';
import { remoteName } from './add.ts';

export const verb = defineVerb({
  args: '<image-server> <new-image-server>',
  flags: {},
  async run({ args: [name, newName], io }) {
    await new ImageServers(io).rename(name, remoteName(newName));
  },
});
