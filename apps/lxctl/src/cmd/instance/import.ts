import { lastName } from '#lib/client';
import { print } from '../../output/print.ts';
import { instanceName } from '../../run/name.ts';
import { finish } from '../../run/progress.ts';
import { defineVerb, text } from '../../run/verb.ts';
import { filePart } from '../image/files.ts';

export const verb = defineVerb({
  args: '<backup-file> [instance]',
  usage: '<backup file> [<instance>]',
  details: 'The file is one that this command, or LXD or Incus, has exported. Its instance comes with its snapshots, and does not run.',
  examples: ['lxctl import web.tar.gz', 'lxctl import web.tar.gz web2 --storage fast'],
  flags: { storage: text('-s, --storage <pool>', 'Storage pool, other than the one it was in', '') },
  async run(call) {
    const { args, flags, client, io, config } = call;
    const [file, typed] = args;
    const name = typed === undefined ? '' : instanceName(typed);
    const { body } = await filePart('backup', file);
    const operation = await client.instances.importBackup(body, { name, pool: flags.storage });
    await finish(call, operation, `Importing ${file}`);
    const made = lastName(operation.resources?.instances?.[0] ?? '') || name;
    if (!config.quiet) print(io, `Instance ${made} imported`);
  },
});
