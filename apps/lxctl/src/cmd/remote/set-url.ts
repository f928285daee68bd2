import { ImageServers } from '../../remote/image-servers.ts';
import { defineVerb } from '../../run/verb.ts';
import { imageServerUrl } from './add.ts';

export const verb = defineVerb({
  args: '<image-server> <URL>',
  flags: {},
  async run({ args: [name, url], io }) {
    await new ImageServers(io).setUrl(name, imageServerUrl(url));
  },
});
