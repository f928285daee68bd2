import type { StringMap } from '#lib/base';
import { kernelResources, keyOf } from '#lib/contract';
import type { LaunchPlan } from '#lib/host';

/** The resource limits of an expanded config (setrlimit(2)). */
export function kernelLimits(config: StringMap): LaunchPlan['rlimits'][number][] {
  return kernelResources.flatMap((resource) => {
    const limit = keyOf(config, `limits.kernel.${resource}`);
    return limit ? [{ resource, ...limit }] : [];
  });
}
