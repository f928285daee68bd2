import { printYaml } from '../../../output/print.ts';
import { localName } from '../../../run/name.ts';
import { defineVerb, UsageError } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<pool> <volume>',
  usage: '<pool> [<type>/]<volume>',
  details: 'The type is container, virtual-machine, image or custom (which is meant without one).',
  examples: ['lxctl storage volume show default container/c1'],
  flags: {},
  async run({ args, client, io }) {
    const pool = localName(args[0], 'storage pool');
    const [, type = 'custom', name = ''] = /^(?:(container|virtual-machine|image|custom)\/)?(.+)$/.exec(args[1]) ?? [];
    if (name.includes('/'))
      throw new UsageError(`"${args[1]}" is not a volume: its type is one of container, virtual-machine, image, custom`);
    const path = ['storage-pools', pool, 'volumes', type, name].map(encodeURIComponent).join('/');
    await printYaml(io, await client.api.get(`/1.0/${path}`));
  },
});
