import { showVerb } from '../../noun/config-verbs.ts';
import { poolNoun } from '../../noun/nouns.ts';
import { printYaml } from '../../output/print.ts';
import { localName } from '../../run/name.ts';
import { defineVerb, toggle } from '../../run/verb.ts';

const show = showVerb(poolNoun);

export const verb = defineVerb({
  ...show,
  flags: { resources: toggle('--resources', 'The room in it instead: bytes and inodes') },
  async run(call) {
    const { args, flags, client, io } = call;
    if (flags.resources) return printYaml(io, await client.pools.resources(localName(args[0], 'storage pool')));
    return show.run(call);
  },
});
