import type { StringMap } from '#lib/base';
import { keyOf } from '#lib/contract';
import type { CgroupPlan, DeviceMount, LaunchPlan, Layer, LinkPlan } from '#lib/host';
import type { InstanceRow } from '#lib/store';
import type { RootRecipe } from '#lib/storage';
import type { FileStep } from '../metadata/written-files.ts';
import { droppedCapabilities } from './capabilities.ts';
import { systemMounts } from './mounts.ts';
import { kernelLimits } from './rlimits.ts';

export interface PlanInput {
  instance: Pick<InstanceRow, 'id' | 'name'>;
  /** Expanded. */
  config: StringMap;
  root: RootRecipe;
  /** Of templates. */
  files: readonly FileStep[];
  links: LinkPlan[];
  /** Mounts of devices, in this order. */
  devices: readonly DeviceMount[];
  cgroups: CgroupPlan;
  idMap: LaunchPlan['idMap'];
  seccomp: Uint8Array | null;
  /** Mount point of the host's lxcfs, null where none runs. */
  lxcfs: string | null;
  runDir: string;
  /** File that keeps the console's ring after the instance has ended. */
  consoleLog: string;
}

/** LXD's default; one page fault a used page, so a quiet console costs nothing. */
const CONSOLE_RING_BYTES = 128 * 1024;

/** The plan of a system container. Pure: the same input gives the same plan. */
export function launchPlan(input: PlanInput): LaunchPlan {
  const layers: Layer[] = [...input.root.layers];
  const nesting = keyOf(input.config, 'security.nesting');
  const options = { lxcfs: input.lxcfs, cgroup2: input.cgroups.cloneInto !== null, nesting };
  // Files first: no mount of the plan is in their way.
  const mounts = [...input.files, ...systemMounts(layers, options)];
  for (const { layer, ...step } of input.devices) mounts.push({ op: 'layer', layer: layers.push(layer) - 1, ...step });
  return {
    id: input.instance.id,
    name: input.instance.name,
    runDir: input.runDir,
    namespaces: ['user', 'mount', 'pid', 'net', 'ipc', 'uts', 'cgroup'],
    idMap: input.idMap,
    cgroups: input.cgroups,
    layers,
    links: input.links,
    root: input.root.root,
    mounts,
    hostname: input.instance.name,
    rlimits: kernelLimits(input.config),
    sysctls: sysctls(input.config),
    dropCapabilities: droppedCapabilities,
    seccomp: input.seccomp,
    init: { argv: ['/sbin/init'], env: environment(input.config, ['container=lxc']), cwd: '/', uid: 0, gid: 0 },
    console: { ringBytes: CONSOLE_RING_BYTES, columns: 80, rows: 24, logPath: input.consoleLog },
  };
}

/** `environment.*` of the config as KEY=value, after (so over) `base`. */
export function environment(config: StringMap, base: readonly string[]): string[] {
  const prefix = 'environment.';
  const own = Object.entries(config).filter(([key]) => key.startsWith(prefix));
  return [...base, ...own.map(([key, value]) => `${key.slice(prefix.length)}=${value}`)];
}

function sysctls(config: StringMap): { key: string; value: string }[] {
  const prefix = 'linux.sysctl.';
  return Object.entries(config)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => ({ key: key.slice(prefix.length), value }));
}
