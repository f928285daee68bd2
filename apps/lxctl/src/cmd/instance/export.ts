import { exportBackup, goesBy } from '../../noun/passing-backup.ts';
import { instanceName } from '../../run/name.ts';
import { defineVerb, text, toggle } from '../../run/verb.ts';

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
    const { args, flags, client } = call;
    const name = instanceName(args[0]);
    const body = { name: '', instance_only: flags.instanceOnly, compression_algorithm: flags.compression, expires_at: goesBy() };
    const backup = {
      of: name,
      make: () => client.instances.backUp(name, body),
      fetch: (made: string) => client.instances.exportBackup(name, made),
      drop: (made: string) => client.instances.deleteBackup(name, made),
    };
    await exportBackup(call, backup, args[1]);
  },
});
