import { isDeepStrictEqual } from 'node:util';
import { LxError, profileConfigProblems } from '#lib/contract';
import { claimRefused, claimsOf, deviceProblems, expandedDeviceProblems, isRootDisk, nicsOf, rootDisk } from '#lib/device';
import type { ProfileContent, ProfileRules } from '#lib/profile';
import type { Store } from '#lib/store';
import type { LimitsInForce } from './limits/in-force.ts';
import type { LiveDevices } from './live-devices.ts';

/** What profiles may hold, as the instances see it that build on them. */
export function profileRules({ limits, liveDevices }: { limits: LimitsInForce; liveDevices: LiveDevices }): ProfileRules {
  return {
    async problems(content, project, store) {
      const problems = [...profileConfigProblems(content.config), ...deviceProblems(content.devices)];
      if (problems.length > 0) return problems;
      return [...limits.problems(content.config), ...twoRoots(content), ...(await missing(content, project, store))];
    },
    userProblems({ before, after }) {
      const pool = rootDisk(before.devices)?.pool;
      if (pool !== undefined && rootDisk(after.devices)?.pool !== pool) throw new LxError('profile.root_in_use');
      const of = ({ config, devices }: typeof before) => [...limits.problems(config), ...expandedDeviceProblems(devices)];
      const known = new Set(of(before));
      return of(after).filter((problem) => !known.has(problem));
    },
    async written(store, { row, before, after }) {
      const claims = claimsOf(after.devices, row.volatile);
      if (isDeepStrictEqual(claimsOf(before.devices, row.volatile), claims)) return;
      await store.nics.replace(row.id, claims).catch((error: unknown) => {
        throw claimRefused(error, claims);
      });
    },
    async apply(row) {
      await limits.reapply(row);
      await liveDevices.reapply(row);
    },
  };
}

function twoRoots({ devices }: ProfileContent): string[] {
  const [, second] = Object.entries(devices).filter(([, options]) => isRootDisk(options));
  return second ? [`Device validation failed for "${second[0]}": More than one disk device uses the same path "/"`] : [];
}

/** Networks and pools that devices name and that are not there. */
async function missing({ devices }: ProfileContent, project: string, store: Store): Promise<string[]> {
  const problems: string[] = [];
  const bad = (device: string, text: string) =>
    problems.push(`Device validation failed for "${device}": Failed loading device "${device}": ${text}`);
  for (const { device, network } of nicsOf(devices, {}))
    if (network && !(await store.networks.get(project, network)))
      bad(device, `Failed to load network "${network}" for project "${project}": Network not found`);
  for (const [device, { type, pool }] of Object.entries(devices))
    if (type === 'disk' && pool && !(await store.pools.get(pool)))
      bad(device, `Failed to load storage pool "${pool}": Storage pool not found`);
  return problems;
}
