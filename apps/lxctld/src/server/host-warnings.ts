import type { WarningName } from '#lib/contract';
import type { Foundations } from '#lib/instance';
import type { Told, Warnings } from '#lib/warning';

type Using = Pick<Foundations, 'store' | 'cgroups' | 'networks' | 'storage'>;

const controllers: Readonly<Record<string, WarningName>> = {
  cpu: 'cgroup.cpu',
  cpuset: 'cgroup.cpuset',
  hugetlb: 'cgroup.hugetlb',
  io: 'cgroup.io',
  memory: 'cgroup.memory',
  pids: 'cgroup.pids',
  freezer: 'cgroup.freezer',
};

/** At the start: warns of what this host lacks and what did not come up, and takes back what is as it should be by now. */
export async function warnOfHost(using: Using, warnings: Warnings): Promise<void> {
  await warnings.prepare();
  warnOfControllers(using.cgroups.backends, warnings);
  const [networks, pools] = await Promise.all([using.store.networks.list('default'), using.store.pools.list()]);
  for (const { id, name, project } of networks) {
    const { status } = await using.networks.get(project, name);
    const subject = { entity: 'network', id, project } as const;
    if (status === 'Unavailable') warnings.tell('network.unavailable', 'It did not come up when the server started', subject);
    else warnings.over('network.unavailable', subject);
  }
  for (const { id, name } of pools) {
    const subject = { entity: 'pool', id, project: '' } as const;
    if (await using.storage.pools.available(name)) warnings.over('pool.unavailable', subject);
    else warnings.tell('pool.unavailable', 'It could not be used when the server started', subject);
  }
}

/** Of what instances then cannot be limited by. */
export function warnOfControllers(backends: Using['cgroups']['backends'], warnings: Told): void {
  for (const [controller, type] of Object.entries(controllers)) {
    if (backends[controller] === 'none') warnings.tell(type, 'limits that need it are refused');
    else warnings.over(type);
  }
}
