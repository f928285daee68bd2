import { dropped } from '../../noun/reuse.ts';
import { instanceName } from '../../run/name.ts';
import { finish } from '../../run/progress.ts';
import { CommandError, defineVerb, toggle } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<instance> [snapshot]',
  details: "Without a name the server makes one: by the instance's key snapshots.pattern, or else snap0, snap1 and so on.",
  examples: ['lxctl snapshot web', 'lxctl snapshot web before-upgrade'],
  flags: {
    stateful: toggle('--stateful', 'Refused: the memory of an instance cannot be saved'),
    noExpiry: toggle('--no-expiry', 'Keep it, whatever snapshots.expiry says'),
    reuse: toggle('--reuse', 'Delete a snapshot of the same name first'),
  },
  async run(call) {
    const { args, flags, client } = call;
    if (flags.stateful) throw new CommandError('Stateful snapshots are not supported');
    const [name, snapshot = ''] = [instanceName(args[0]), args[1]];
    const drop = () => client.instances.deleteSnapshot(name, snapshot);
    if (flags.reuse && snapshot !== '') await dropped(call, `${name}/${snapshot}`, drop, () => client.instances.get(name));
    const body = { name: snapshot, stateful: false, ...(flags.noExpiry ? { expires_at: '0001-01-01T00:00:00Z' } : {}) };
    await finish(call, await client.instances.takeSnapshot(name, body), `Taking a snapshot of ${name}`);
  },
});
