import { instanceOrSnapshot, localName } from '../../run/name.ts';
import { CommandError, defineVerb, toggle } from '../../run/verb.ts';
import { finish } from '../../run/progress.ts';
import { createFlags, overrides } from './request.ts';

const { config, device, profile, noProfiles, ephemeral, storage } = createFlags;

export const verb = defineVerb({
  args: '<instance> <new-name>',
  usage: '<instance>[/<snapshot>] <new-name>',
  details: 'A copy has the configuration, the files and the snapshots of its source, and addresses of its own.',
  examples: ['lxctl copy web test', 'lxctl copy web/before-upgrade old --ephemeral'],
  flags: {
    ...{ config, device, profile, noProfiles, ephemeral, storage },
    instanceOnly: toggle('--instance-only', 'Without its snapshots'),
    stateless: toggle('--stateless', 'Accepted for compatibility: no state is ever copied'),
    refresh: toggle('--refresh', 'Refused: a copy that is there cannot be refreshed'),
  },
  async run(call) {
    const { args, flags, client } = call;
    if (flags.refresh) throw new CommandError('Copies cannot be refreshed');
    const { name, snapshot } = instanceOrSnapshot(args[0]);
    const to = localName(args[1], 'instance');
    const body = {
      ...(await overrides({ ...call, flags: { ...flags, network: undefined } }, (await client.instances.get(name)).profiles)),
      name: to,
      ephemeral: flags.ephemeral,
      source: { type: 'copy' as const, source: snapshot === null ? name : `${name}/${snapshot}`, instance_only: flags.instanceOnly },
    };
    await finish(call, await client.instances.create(body), `Copying ${name} to ${to}`);
  },
});
