import { exportBackup, goesBy } from '../../../noun/passing-backup.ts';
import { localName } from '../../../run/name.ts';
import { defineVerb, text, toggle } from '../../../run/verb.ts';
import { customName } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume> [target]',
  details:
    'TARGET is the name of the file (default: that of the volume, with the ending of its compression). What instances write meanwhile may be in it or not: stop or pause them where that matters.',
  examples: ['lxctl storage volume export default data', 'lxctl storage volume export default data data.tar.zst --compression zstd'],
  flags: {
    volumeOnly: toggle('--volume-only', 'Leave out its snapshots'),
    compression: text('--compression <algorithm>', 'gzip, zstd, xz, ... or none; otherwise as the server is set', ''),
  },
  async run(call) {
    const { args, flags, client } = call;
    const [pool, name] = [localName(args[0], 'storage pool'), customName(args[1])];
    const body = { name: '', volume_only: flags.volumeOnly, compression_algorithm: flags.compression, expires_at: goesBy() };
    const backup = {
      of: name,
      make: () => client.pools.backUpVolume(pool, name, body),
      fetch: (made: string) => client.pools.exportVolumeBackup(pool, name, made),
      drop: (made: string) => client.pools.deleteVolumeBackup(pool, name, made),
    };
    await exportBackup(call, backup, args[2]);
  },
});
