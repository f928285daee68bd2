import type { StringMap } from '#lib/base';
import { isLxError, keyOf, LxError } from '#lib/contract';
import { limitKeysOf } from '#lib/host';

/** What the kernel said to a limit, in terms of the key and its value; any other failure as it is. */
export function inTermsOfKeys(error: unknown, config: StringMap): unknown {
  const found = isLxError(error, 'launch.failed') ? ofLaunch(error.args, config) : ofWrite(error, config);
  const value = found?.key === undefined ? undefined : config[found.key];
  if (!found?.key || value === undefined) return error;
  return new LxError('limits.refused', { key: found.key, value, errno: found.errno }, { cause: error });
}

function ofLaunch({ stage, path, errno }: { stage: string; path: string; errno: string }, config: StringMap) {
  if (stage === 'rlimits') return { key: `limits.kernel.${path}`, errno };
  if (stage === 'cgroup') return { key: limitKeysOf(path).find((key) => config[key]), errno };
  // The child was killed before it could say why; with a limit on memory, that is why.
  if (stage === 'child' && (errno === 'EPIPE' || errno === 'ECHILD') && keyOf(config, 'limits.memory') !== undefined)
    return { key: 'limits.memory', errno: 'ENOMEM' };
  return null;
}

function ofWrite(error: unknown, config: StringMap) {
  if (!(error instanceof Error) || !('code' in error) || !('path' in error)) return null;
  return { key: limitKeysOf(String(error.path)).find((key) => config[key]), errno: String(error.code) };
}
