import { describe, expect, it } from 'vitest';
import type { JsonObject } from '#lib/base';
import { readBackupIndex } from './backup-index.ts';

const instance = {
  name: 'c1',
  config: { 'user.a': '1' },
  devices: {},
  profiles: ['default'],
  created_at: '2026-01-02T03:04:05Z',
  size: -1,
};
const index: JsonObject = {
  name: 'c1',
  pool: 'p',
  backend: 'dir',
  snapshots: ['s'],
  config: { container: instance, snapshots: [{ name: 's' }] },
};

describe('the index of a backup', () => {
  it('says what counts, by the names of LXD and of Incus', () => {
    const said = readBackupIndex(index);
    expect(said).toMatchObject({ name: 'c1', pool: 'p', type: '', optimized: false, snapshots: ['s'] });
    expect(said.instance).toMatchObject({ config: { 'user.a': '1' }, profiles: ['default'], ephemeral: false, description: '' });
    expect(said.states).toMatchObject([{ name: 's', config: {}, devices: {}, profiles: [], expires_at: '' }]);
    expect(readBackupIndex({ ...index, config: { instance } }).instance.name).toBe('c1');
    expect(readBackupIndex({ ...index, snapshots: null, optimized: null, config: { container: instance, snapshots: null } })).toMatchObject(
      {
        snapshots: [],
        states: [],
      },
    );
  });

  it.each<[string, JsonObject, string]>([
    ['no instance', { config: {} }, 'does not describe the instance'],
    ['no config', {}, 'does not describe the instance'],
    ['a custom volume', { ...index, type: 'custom', config: { volume: {} } }, 'it is of a custom volume, not of an instance'],
    ['a name that is none', { ...index, name: 7 }, 'name must be a string'],
    ['a config that is none', { ...index, config: { container: { ...instance, config: { a: { b: 'c' } } } } }, 'must be a map of strings'],
    ['a NUL', { ...index, config: { container: { ...instance, config: { 'user.a': '\0' } } } }, 'NUL'],
    [
      'the name of a prototype',
      { ...index, config: { container: { ...instance, config: { constructor: '1' } } } },
      '"constructor" cannot be used',
    ],
    ['a snapshot that is none', { ...index, config: { container: instance, snapshots: ['s'] } }, 'snapshots'],
  ])('is refused with %s', (_what, document, text) => expect(() => readBackupIndex(document)).toThrow(text));
});
