import { ImageServers } from '../../remote/image-servers.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<image-server>',
  flags: {},
  async run({ args: [name], io }) {
    await new ImageServers(io).remove(name);
  },
});
