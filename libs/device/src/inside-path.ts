import { posix } from 'node:path';

/** A path as it is meant, without `..` and a slash at its end: nothing leads above the root. */
export function insidePath(path = ''): string {
  const whole = posix.normalize(`/${path}`);
  return whole.length > 1 && whole.endsWith('/') ? whole.slice(0, -1) : whole;
}
