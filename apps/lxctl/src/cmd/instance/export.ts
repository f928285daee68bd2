import { lastName } from '#lib/client';
import { print } from '../../output/print.ts';
import { instanceName } from '../../run/name.ts';
import { finish } from '../../run/progress.ts';
import { CommandError, defineVerb, text, toggle } from '../../run/verb.ts';
import { fileNamed, saveFile } from '../image/files.ts';

/** The backup goes when it has been fetched; if this command does not come to that, it goes by itself within two days. */
const dayMs = 24 * 60 * 60 * 1000;
const goesBy = () => new Date((Math.floor(Date.now() / dayMs) + 2) * dayMs).toISOString();

export const verb = defineVerb({
  args: '<instance> [target]',
  details:
    'TARGET is the name of the file (default: that of the instance, with the ending of its compression). One that runs is frozen for the moment of the cut.',
  examples: ['lxctl export web web.tar.gz', 'lxctl export web web.tar.zst --compression zstd --instance-only'],
  flags: {
    instanceOnly: toggle('--instance-only', 'Leave out its snapshots'),
    compression: text('--compression <algorithm>', 'gzip, zstd, xz, ... or none; otherwise as the server is set', ''),
  },
  async run(call) {
    const { args, flags, client, io, config } = call;
    const name = instanceName(args[0]);
    const body = {
      name: '',
      instance_only: flags.instanceOnly,
      compression_algorithm: flags.compression,
      expires_at: goesBy(),
    };
    const operation = await client.instances.backUp(name, body);
    await finish(call, operation, `Backing up ${name}`);
    const backup = lastName(operation.resources?.backups?.[0] ?? '');
    if (backup === '') throw new CommandError('The server made a backup but does not say which');
    const { body: content, headers } = await client.instances.exportBackup(name, backup);
    const path = args[1] ?? (fileNamed(headers) || `${name}.tar`);
    await saveFile(path, content);
    await finish(call, await client.instances.deleteBackup(name, backup), 'Clearing up');
    if (!config.quiet) print(io, `Backup exported to ${path}`);
  },
});
