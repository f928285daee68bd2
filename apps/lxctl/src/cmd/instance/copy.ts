import { instanceOrSnapshot, localName } from '../../run/name.ts';
import { defineVerb, toggle } from '../../run/verb.ts';
import { finish } from '../../run/progress.ts';
import { createFlags, overrides } from './request.ts';

const { config, device, profile, noProfiles, ephemeral, storage } = createFlags;

export const verb = defineVerb({
  args: '<instance> <new-name>',
  usage: '<instance>[/<snapshot>] <new-name>',
  details:
    'A copy has the configuration, the files and the snapshots of its source, and addresses of its own. A refreshed one keeps its configuration.',
  examples: ['lxctl copy web test', 'lxctl copy web/before-upgrade old --ephemeral'],
  flags: {
    ...{ config, device, profile, noProfiles, ephemeral, storage },
    instanceOnly: toggle('--instance-only', 'Without its snapshots'),
    stateless: toggle('--stateless', 'Accepted for compatibility: no state is ever copied'),
    refresh: toggle('--refresh', 'Give a copy that is there, and does not run, what its source holds by now'),
  },
  async run(call) {
    const { args, flags, client } = call;
    const { name, snapshot } = instanceOrSnapshot(args[0]);
    const to = localName(args[1], 'instance');
    const body = {
      ...(await overrides({ ...call, flags: { ...flags, network: undefined } }, (await client.instances.get(name)).profiles)),
      name: to,
      ephemeral: flags.ephemeral,
      source: {
        type: 'copy' as const,
        source: snapshot === null ? name : `${name}/${snapshot}`,
        instance_only: flags.instanceOnly,
        ...(flags.refresh && { refresh: true }),
      },
    };
    await finish(call, await client.instances.create(body), `Copying ${name} to ${to}`);
  },
});
