import { describe, expect, it } from 'vitest';
import { RowConflict, RowMissing } from '../store.ts';
import { MemoryStore } from './memory-store.ts';

const profile = { project: 'default', name: 'a', description: '', config: {}, devices: {} };

describe('MemoryStore', () => {
  it('copies rows in and out', async () => {
    const store = new MemoryStore();
    const config = { k: '1' };
    const row = await store.profiles.insert({ ...profile, config });
    config.k = '2';
    const read = await store.profiles.get('default', 'a');
    expect(read?.config).toEqual({ k: '1' });
    expect(read?.id).toBe(row.id);
  });

  it('refuses twins and missing rows', async () => {
    const store = new MemoryStore();
    await store.profiles.insert(profile);
    await expect(store.profiles.insert(profile)).rejects.toThrow(RowConflict);
    await expect(store.profiles.update('x', { description: 'y' })).rejects.toThrow(RowMissing);
  });

  it('rolls a transaction back and counts commits', async () => {
    const store = new MemoryStore();
    const kept = await store.profiles.insert(profile);
    const before = store.commits;
    const failing = store.tx(async (tx) => {
      await tx.profiles.update(kept.id, { description: 'changed' });
      await tx.profiles.insert({ ...profile, name: 'b' });
      await tx.profiles.delete(kept.id);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await store.profiles.list('default')).toEqual([kept]);
    expect(store.commits).toBe(before);
  });
});
