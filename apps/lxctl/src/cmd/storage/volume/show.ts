import { printYaml } from '../../../output/print.ts';
import { localName } from '../../../run/name.ts';
import { defineVerb, UsageError } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<pool> <volume>',
  usage: '<pool> [<type>/]<volume>[/<snapshot>]',
  details: 'The type is container, virtual-machine, image or custom (which is meant without one).',
  examples: ['lxctl storage volume show default container/c1', 'lxctl storage volume show default data/snap0'],
  flags: {},
  async run({ args, client, io }) {
    const pool = localName(args[0], 'storage pool');
    const [, type = 'custom', name = ''] = /^(?:(container|virtual-machine|image|custom)\/)?(.+)$/.exec(args[1]) ?? [];
    const [volume = '', snapshot, ...more] = name.split('/');
    if (more.length > 0 || snapshot === '')
      throw new UsageError(`"${args[1]}" is not a volume: its type is one of container, virtual-machine, image, custom`);
    const of = snapshot === undefined ? [] : ['snapshots', snapshot];
    const path = ['storage-pools', pool, 'volumes', type, volume, ...of].map(encodeURIComponent).join('/');
    await printYaml(io, await client.api.get(`/1.0/${path}`));
  },
});
