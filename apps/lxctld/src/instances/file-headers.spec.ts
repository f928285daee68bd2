import { describe, expect, it } from 'vitest';
import { fileHeaders, filePost } from './file-headers.ts';

describe('what the headers say of a file', () => {
  it('is usual where they say nothing', () => {
    expect(filePost({})).toEqual({ type: 'file', append: false, uid: 0, gid: 0, mode: null });
  });

  it('is read from both families', () => {
    const wanted = { type: 'directory', append: true, uid: 1000, gid: 4294967294, mode: 0o1777 };
    for (const family of ['x-lxd', 'x-incus']) {
      const said = { type: 'directory', write: 'append', uid: '1000', gid: '4294967294', mode: '1777' };
      expect(filePost(Object.fromEntries(Object.entries(said).map(([name, value]) => [`${family}-${name}`, value])))).toEqual(wanted);
    }
  });

  it.each([
    ['0644', 0o644],
    ['0o644', 0o644],
    ['420', 0o644],
    ['4755', 0o4755],
    ['04755', 0o4755],
    ['0', 0],
    ['7', 7],
  ])('takes %s for a mode', (text, mode) => {
    expect(filePost({ 'x-lxd-mode': text }).mode).toBe(mode);
  });

  it('is refused with all that is wrong', () => {
    for (const bad of ['rwx', '-1', '99999', '0888', '017777', '1e3', '4096'].map((mode) => ({ 'x-lxd-mode': mode })))
      expect(() => filePost(bad), bad['x-lxd-mode']).toThrow(/^Invalid mode/);
    expect(() => filePost({ 'x-lxd-uid': '4294967295', 'x-lxd-gid': '1.5', 'x-lxd-mode': `9${'9'.repeat(20)}` })).toThrow(
      /^Invalid uid .*; Invalid gid .*; Invalid mode /,
    );
    expect(() => filePost({ 'x-lxd-type': 'fifo' })).toThrow('Bad file type: fifo');
    expect(() => filePost({ 'x-incus-write': 'truncate' })).toThrow('Bad file write mode: truncate');
  });

  it('is told to both families', () => {
    const facts = { type: 'symlink', uid: 1, gid: 2, mode: 0o4, modified: new Date('2026-11-25T17:21:43.5Z'), size: 3 } as const;
    const said = fileHeaders(facts);
    expect(said).toMatchObject({ 'x-lxd-type': 'symlink', 'x-lxd-uid': '1', 'x-incus-gid': '2', 'x-incus-mode': '0004' });
    expect(said['x-lxd-modified']).toBe('2026-11-25 17:21:43 +0000 UTC');
  });
});
