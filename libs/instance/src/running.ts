import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Nic, nics, rootDisk } from '#lib/device';
import type { Keeper, LinkPlan } from '#lib/host';
import { LxError } from '#lib/contract';
import type { InstanceRow } from '#lib/store';
import type { RootVolume } from '#lib/storage';
import type { InstanceDeps } from './deps.ts';
import { type Expanded, expand } from './expand.ts';
import { cgroupLimits, cpusOf } from './limits.ts';
import { launchPlan } from './plan/launch.ts';

/** What a start adds to the volatile keys. */
export type VolatileChange = Record<string, string | null>;

/** Brings instances up and takes them down; knows nothing of operations, requests or rows' states. */
export class Runner {
  readonly #deps: InstanceDeps;
  /** CPU lists given out by `limits.cpu` counts, to spread the next ones. */
  readonly #pinned = new Map<string, string>();

  constructor(deps: InstanceDeps) {
    this.#deps = deps;
  }

  async expanded(row: InstanceRow): Promise<Expanded> {
    return expand(await this.#deps.store.profiles.many(row.project, row.profiles), row);
  }

  /** Starts init. On failure nothing is left of the attempt, but the name in the networks: `down` removes that. */
  async up(row: InstanceRow): Promise<{ keeper: Keeper; volatile: VolatileChange }> {
    const { storage, cgroups, supervision, host } = this.#deps;
    const { config, devices } = await this.expanded(row);
    const logs = join(host.logsDir, logDirectory(row));
    const [root, links] = await Promise.all([
      storage.rootRecipe(rootVolume(row, devices), row.volatile['volatile.base_image'] || null),
      this.#links(row, nics(devices)),
      mkdir(logs, { recursive: true, mode: 0o700 }),
    ]);
    const limits = cgroupLimits(config, { totalMemory: host.totalMemory, onlineCpus: host.onlineCpus, load: this.#cpuLoad() });
    const keeper = await supervision.launch(
      launchPlan({
        instance: row,
        config,
        root,
        links: links.map((each) => each.plan),
        cgroups: cgroups.plan(row.id, limits),
        idMap: host.idMap,
        seccomp: host.seccomp,
        lxcfs: host.lxcfs,
        runDir: host.runDir,
        consoleLog: join(logs, 'console.log'),
      }),
    );
    if (limits.cpuset) this.#pinned.set(row.id, limits.cpuset);
    const volatile: VolatileChange = { 'volatile.last_state.power': 'RUNNING' };
    for (const { nic, plan } of links) {
      volatile[`volatile.${nic.device}.host_name`] = plan.hostName;
    }
    return { keeper, volatile };
  }

  /** After the end, or to undo a start: forgets the instance in its networks and sweeps what a dead keeper left. */
  async down(row: InstanceRow): Promise<VolatileChange> {
    const { supervision, cgroups, networks, report } = this.#deps;
    await supervision.kill(row.id);
    this.#pinned.delete(row.id);
    const attached = nics((await this.expanded(row)).devices);
    await Promise.all([
      cgroups.sweep(row.id),
      ...attached
        .filter((nic) => nic.network)
        .map((nic) =>
          networks
            .detach({ project: row.project, network: nic.network ?? '', instanceId: row.id, device: nic.device, mac: macOf(row, nic) })
            // The instance is down all the same, and has to be said to be.
            .catch((cause: unknown) => report(`taking ${row.name} out of network ${nic.network}`, cause)),
        ),
    ]);
    const volatile: VolatileChange = { 'volatile.last_state.power': 'STOPPED' };
    for (const nic of attached) volatile[`volatile.${nic.device}.host_name`] = null;
    return volatile;
  }

  async #links(row: InstanceRow, wanted: readonly Nic[]): Promise<{ nic: Nic; plan: LinkPlan }[]> {
    return Promise.all(
      wanted.map(async (nic) => {
        const mac = macOf(row, nic);
        const attached = nic.network
          ? await this.#deps.networks.attach({
              project: row.project,
              network: nic.network,
              instanceId: row.id,
              device: nic.device,
              hostname: row.name,
              mac,
              ipv4: nic.ipv4,
            })
          : { bridge: nic.parent, mtu: null };
        const plan: LinkPlan = {
          hostName: nic.hostName ?? `veth${randomBytes(4).toString('hex')}`,
          name: nic.name,
          bridge: attached.bridge,
          mac,
          hostMac: null,
          mtu: nic.mtu ?? attached.mtu,
        };
        return { nic, plan };
      }),
    );
  }

  #cpuLoad(): Map<number, number> {
    const load = new Map<number, number>();
    for (const list of this.#pinned.values()) for (const cpu of cpusOf(list)) load.set(cpu, (load.get(cpu) ?? 0) + 1);
    return load;
  }
}

/** The nic's MAC: as configured, or the one made up when the instance was made. */
export function macOf(row: Pick<InstanceRow, 'volatile'>, nic: Nic): string {
  return nic.hwaddr ?? row.volatile[`volatile.${nic.device}.hwaddr`] ?? '';
}

export function rootVolume(row: Pick<InstanceRow, 'project' | 'name'>, devices: Expanded['devices']): RootVolume {
  const root = rootDisk(devices);
  if (!root) throw new LxError('request.invalid', { problems: ['Failed detecting root disk device: No root device could be found'] });
  return { pool: root.pool, project: row.project, instance: row.name };
}

/** Directory of an instance's logs, below logsDir; LXD's naming of instances outside the default project. */
export function logDirectory(row: Pick<InstanceRow, 'project' | 'name'>): string {
  return row.project === 'default' ? row.name : `${row.project}_${row.name}`;
}

export async function removeLogs(deps: InstanceDeps, row: Pick<InstanceRow, 'project' | 'name'>): Promise<void> {
  await rm(join(deps.host.logsDir, logDirectory(row)), { recursive: true, force: true });
}
