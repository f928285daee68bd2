import type { StringMap } from '#lib/base';
import { environment } from '../plan/launch.ts';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Environment of a command: LXD's defaults, then `environment.*` of the config, then the request's own. HOME and USER
 * of other users than root are the caller's business, as in LXD.
 */
export function execEnvironment(config: StringMap, request: StringMap, uid: number): StringMap {
  const merged: StringMap = { PATH: `${PATH}:/snap/bin`, LANG: 'C.UTF-8' };
  if (uid === 0) Object.assign(merged, { HOME: '/root', USER: 'root' });
  for (const entry of environment(config, [])) {
    const at = entry.indexOf('=');
    merged[entry.slice(0, at)] = entry.slice(at + 1);
  }
  return { ...merged, ...request };
}
