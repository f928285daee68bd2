import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../store/src/fake/index.ts';
import { Expansion } from './expansion.ts';

const instance = (profiles: string[], config = {}) => ({ project: 'default', profiles, config, devices: {} });

async function storeWith(...names: string[]): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const name of names)
    await store.profiles.insert({
      project: 'default',
      name,
      description: '',
      config: { [`user.${name}`]: name, 'user.last': name },
      devices: {},
    });
  return store;
}

describe('Expansion', () => {
  it('expands one instance in the order of its profiles', async () => {
    const expansion = new Expansion(await storeWith('a', 'b'));
    expect((await expansion.of(instance(['b', 'a'], { 'user.own': '1' }))).config).toEqual({
      'user.a': 'a',
      'user.b': 'b',
      'user.last': 'a',
      'user.own': '1',
    });
  });

  it('expands many as it expands each', async () => {
    const expansion = new Expansion(await storeWith('a', 'b'));
    const rows = [instance([]), instance(['a']), instance(['a', 'b'])];
    const all = await expansion.ofAll(rows);
    expect(all.map(({ row }) => row)).toEqual(rows);
    for (const { row, expanded } of all) expect(expanded).toEqual(await expansion.of(row));
  });
});
