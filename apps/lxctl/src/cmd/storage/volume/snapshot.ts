import { zeroTime } from '#lib/contract';
import { dropped } from '../../../noun/reuse.ts';
import { localName } from '../../../run/name.ts';
import { finish } from '../../../run/progress.ts';
import { defineVerb, toggle } from '../../../run/verb.ts';
import { customName } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume> [snapshot]',
  details:
    'Without a name it is snap0, snap1 and so on. What instances write meanwhile may be in it or not: stop or pause them where that matters.',
  examples: ['lxctl storage volume snapshot default data', 'lxctl storage volume snapshot default data before-upgrade'],
  flags: {
    noExpiry: toggle('--no-expiry', 'Keep it, whatever snapshots.expiry says'),
    reuse: toggle('--reuse', 'Delete a snapshot of the same name first'),
  },
  async run(call) {
    const { args, flags, client } = call;
    const pool = localName(args[0], 'storage pool');
    const [name, snapshot = ''] = [customName(args[1]), args[2]];
    const drop = () => client.pools.deleteVolumeSnapshot(pool, name, snapshot);
    if (flags.reuse && snapshot !== '') await dropped(call, `${name}/${snapshot}`, drop, () => client.pools.readVolume(pool, name));
    const body = { name: snapshot, ...(flags.noExpiry ? { expires_at: zeroTime } : {}) };
    await finish(call, await client.pools.snapshotVolume(pool, name, body), `Taking a snapshot of ${name}`);
  },
});
