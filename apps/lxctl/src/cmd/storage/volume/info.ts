import { print } from '../../../output/print.ts';
import { drawTable } from '../../../output/table.ts';
import { bytes, moment } from '../../../output/units.ts';
import { localName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';
import { customName } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume>',
  flags: {},
  async run({ args, client, io }) {
    const pool = localName(args[0], 'storage pool');
    const name = customName(args[1]);
    const { metadata: volume } = await client.pools.readVolume(pool, name);
    const { usage } = await client.pools.volumeState(pool, name);
    print(io, `Name: ${volume.name}`);
    if (volume.description !== '') print(io, `Description: ${volume.description}`);
    print(io, `Type: ${volume.type}`);
    print(io, `Content type: ${volume.content_type}`);
    print(io, `Usage: ${bytes(usage.used)}`);
    const snapshots = await client.pools.volumeSnapshots(pool, name);
    if (snapshots.length === 0) return;
    const rows = snapshots.map((each) => [
      each.name.slice(name.length + 1),
      each.description,
      moment(each.created_at),
      moment(each.expires_at),
    ]);
    print(io, `\nSnapshots:\n${drawTable(['NAME', 'DESCRIPTION', 'TAKEN AT', 'EXPIRES AT'], rows)}`);
  },
});
