import { describe, expect, it } from 'vitest';
import { expand } from './expand.ts';

describe('expand', () => {
  it('lets later profiles and the instance itself win, devices whole', () => {
    const expanded = expand(
      [
        { config: { 'limits.memory': '1GiB', 'user.a': '1' }, devices: { root: { type: 'disk', path: '/', pool: 'p', size: '1' } } },
        { config: { 'limits.memory': '2GiB' }, devices: { eth0: { type: 'nic', network: 'n' } } },
      ],
      { config: { 'user.a': '2' }, devices: { root: { type: 'disk', path: '/', pool: 'q' } }, volatile: { 'volatile.x': 'y' } },
    );
    expect(expanded.config).toEqual({ 'limits.memory': '2GiB', 'user.a': '2', 'volatile.x': 'y' });
    expect(expanded.devices).toEqual({ root: { type: 'disk', path: '/', pool: 'q' }, eth0: { type: 'nic', network: 'n' } });
  });
});
