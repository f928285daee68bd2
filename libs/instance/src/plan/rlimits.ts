import type { StringMap } from '#lib/base';
import type { LaunchPlan } from '#lib/host';

/** `limits.kernel.<resource>`: `soft`, `soft:hard`, either of them `unlimited` (setrlimit(2)). */
export function kernelLimits(config: StringMap): LaunchPlan['rlimits'][number][] {
  const prefix = 'limits.kernel.';
  return Object.entries(config)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => {
      const [soft = '', hard = soft] = value.split(':');
      return { resource: key.slice(prefix.length), soft: amount(soft), hard: amount(hard) };
    });
}

function amount(text: string): number | null {
  return text === 'unlimited' ? null : Number(text);
}
