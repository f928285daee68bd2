import { describe, expect, it } from 'vitest';
import { segment, urls } from './urls.ts';

describe('URLs of the API', () => {
  it('escapes a segment as LXD does', () => {
    expect(segment('debian/12')).toBe('debian%2F12');
    expect(segment("a b:c@d&e=f+g$h,i;j(k)!*'é~")).toBe('a%20b:c@d&e=f+g$h%2Ci%3Bj%28k%29%21%2A%27%C3%A9~');
  });

  it('names the project only where it is not the default one', () => {
    expect(urls.instance('c1', 'default')).toBe('/1.0/instances/c1');
    expect(urls.instance('c1', 'a&b')).toBe('/1.0/instances/c1?project=a%26b');
    expect(urls.volume('p 1', 'custom', 'v/1', 'dev')).toBe('/1.0/storage-pools/p%201/volumes/custom/v%2F1?project=dev');
    expect(urls.pool('default')).toBe('/1.0/storage-pools/default');
  });
});
