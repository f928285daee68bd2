import type { WireProfilesPost } from '#lib/contract';
import { fromYaml } from '../../output/yaml.ts';
import { print } from '../../output/print.ts';
import { localName } from '../../run/name.ts';
import { CommandError, defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<profile>',
  details: 'A YAML document (config, devices, description) on the standard input is taken as its content.',
  flags: {},
  async run({ args, client, io, config }) {
    const name = localName(args[0], 'profile');
    const body: WireProfilesPost = { config: {}, devices: {}, description: '', name };
    if (io.input === 'file' || io.input === 'pipe') {
      const value = (await fromYaml(await io.readAll())) ?? {};
      if (typeof value !== 'object' || Array.isArray(value))
        throw new CommandError('The document on the standard input is not a map of fields');
      Object.assign(body, value, { name });
    }
    await client.profiles.create(body);
    if (!config.quiet) print(io, `Profile ${name} created`);
  },
});
