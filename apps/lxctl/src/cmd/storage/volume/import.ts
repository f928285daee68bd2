import { lastName } from '#lib/client';
import { print } from '../../../output/print.ts';
import { localName } from '../../../run/name.ts';
import { finish } from '../../../run/progress.ts';
import { defineVerb } from '../../../run/verb.ts';
import { filePart } from '../../image/files.ts';
import { customName } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <backup-file> [volume]',
  usage: '<pool> <backup file> [<volume>]',
  details: 'The file is one that this command, or LXD or Incus, has exported. Its volume comes with its snapshots.',
  examples: ['lxctl storage volume import default data.tar.gz', 'lxctl storage volume import default data.tar.gz data2'],
  flags: {},
  async run(call) {
    const { args, client, io, config } = call;
    const [pool, file] = [localName(args[0], 'storage pool'), args[1]];
    const name = args[2] === undefined ? '' : customName(args[2]);
    const { body } = await filePart('backup', file);
    const operation = await client.pools.importVolume(pool, body, name);
    await finish(call, operation, `Importing ${file}`);
    const made = lastName(operation.resources?.storage_volumes?.[0] ?? '') || name;
    if (!config.quiet) print(io, `Storage volume ${made} imported`);
  },
});
