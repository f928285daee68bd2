import { describe, expect, it } from 'vitest';
import { type KeyCatalogue, keyRow, validateConfig } from './define.ts';
import { instanceConfigProblems, instanceKeys } from './instance.ts';
import { networkConfigProblems, networkKeys } from './network.ts';
import { poolKeys } from './pool.ts';
import { serverConfigProblems, serverKeys } from './server.ts';

const bad = ['user.a\nb', 'user.\x1b[31m', 'user.a\tb', 'user.\x7f', 'user.\u0085', 'environment.A\nB', 'limits.cpu\n'];

describe('names of config keys', () => {
  it.each(bad)('are refused by every catalogue with the control character of %j', (key) => {
    const catalogues: KeyCatalogue[] = [instanceKeys, serverKeys, ...Object.values(networkKeys), ...Object.values(poolKeys)];
    for (const catalogue of catalogues) {
      expect(keyRow(catalogue, key)).toBeNull();
      expect(validateConfig(catalogue, { [key]: '1' })).toEqual([expect.stringContaining('it holds control characters')]);
      // Also when the value would unset it.
      expect(validateConfig(catalogue, { [key]: '' })).toHaveLength(1);
    }
    expect(instanceConfigProblems({ [key]: '1' }).join()).toContain(JSON.stringify(key));
    expect(serverConfigProblems({ [key]: '1' }).join()).toContain(JSON.stringify(key));
    expect(networkConfigProblems('br0', 'bridge', { [key]: '1' }).join()).toContain(JSON.stringify(key));
  });
});
