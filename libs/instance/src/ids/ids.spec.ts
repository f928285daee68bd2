import { describe, expect, it, vi } from 'vitest';
import type { HostIds } from '#lib/host';
import { World } from '../testing/world.ts';
import { IdAllocation } from './allocation.ts';
import { idMapOf, idMapText, idWish, withRawIds } from './map.ts';

const block = 65_536;
const shared = { first: 1_000_000, count: 2 * block };

function rowOf(id: string) {
  return { id, name: id, idBase: null, idCount: null };
}

async function allocation(own: HostIds['own']) {
  const world = await World.make();
  const said: string[] = [];
  const report = (message: string) => void said.push(message);
  return { world, said, ids: new IdAllocation({ store: world.store, host: { ids: { shared, own } }, warnings: world.warnings, report }) };
}

describe('the map of an instance', () => {
  const host: HostIds = { shared, own: [] };

  it('has its own ids up to 65535, and shared ones above', () => {
    expect(idMapOf(host, idWish({}).kind, { base: 5_000_000, count: block })).toEqual([
      { inside: 0, outside: 5_000_000, count: block },
      { inside: block, outside: 1_000_000 + block, count: block },
    ]);
  });

  it('has only its own when it is isolated, and only shared ones when it is said not to be', () => {
    const isolated = idWish({ 'security.idmap.isolated': 'yes', 'security.idmap.size': '200000' });
    expect(isolated).toEqual({ kind: 'isolated', count: 200_000, base: null });
    expect(idMapOf(host, 'isolated', { base: 5_000_000, count: 200_000 })).toEqual([{ inside: 0, outside: 5_000_000, count: 200_000 }]);
    expect(idWish({ 'security.idmap.isolated': 'false', 'security.idmap.size': '9' })).toEqual({ kind: 'shared' });
    expect(idMapOf(host, 'shared', null)).toEqual([{ inside: 0, outside: 1_000_000, count: 2 * block }]);
  });

  it('maps no host id twice after the ranges of the host were changed', () => {
    expect(idMapOf(host, 'own', { base: 1_000_000 + block, count: block })).toHaveLength(1);
    expect(
      idMapOf({ shared: { first: 1_000_000, count: 4 * block }, own: [] }, 'own', { base: 1_000_000 + 2 * block, count: block }),
    ).toEqual([
      { inside: 0, outside: 1_000_000 + 2 * block, count: block },
      { inside: block, outside: 1_000_000 + block, count: block },
    ]);
  });

  it('has the single ids of raw.idmap in place of others', () => {
    const { raw = [] } = idWish({ 'raw.idmap': 'uid 1000 1000\nboth 5000005-5000006 0-1' });
    const own = [{ inside: 0, outside: 5_000_000, count: block }];
    expect(withRawIds(own, raw)).toEqual({
      uid: [
        { inside: 0, outside: 5_000_005, count: 2 },
        { inside: 2, outside: 5_000_002, count: 3 },
        { inside: 7, outside: 5_000_007, count: 993 },
        { inside: 1000, outside: 1000, count: 1 },
        { inside: 1001, outside: 5_001_001, count: block - 1001 },
      ],
      gid: [
        { inside: 0, outside: 5_000_005, count: 2 },
        { inside: 2, outside: 5_000_002, count: 3 },
        { inside: 7, outside: 5_000_007, count: block - 7 },
      ],
    });
    expect(withRawIds(own, [])).toEqual({ uid: own, gid: own });
    const all = [{ kind: 'uid' as const, inside: 0, outside: 70_000, count: block }];
    expect(withRawIds(own, all)).toEqual({ uid: [{ inside: 0, outside: 70_000, count: block }], gid: own });
  });

  it('is told as LXD tells it', () => {
    expect(JSON.parse(idMapText(withRawIds([{ inside: 0, outside: 7, count: 9 }], [])))).toEqual([
      { Isuid: true, Isgid: false, Hostid: 7, Nsid: 0, Maprange: 9 },
      { Isuid: false, Isgid: true, Hostid: 7, Nsid: 0, Maprange: 9 },
    ]);
  });
});

describe('the ids of instances', () => {
  it('differ, also of those that are made at once', async () => {
    const { ids } = await allocation([{ first: 2_000_000, count: 100 * block }]);
    const given = await Promise.all(Array.from({ length: 100 }, (_, at) => ids.of(rowOf(`i${at}`), idWish({}))));
    const bases = given.map(({ row }) => row.idBase);
    expect(new Set(bases).size).toBe(100);
    expect(given[0]?.volatile['volatile.idmap.base']).toBe(String(bases[0]));
  });

  it('may be of any size, and go on in the next range of the host', async () => {
    const own = [
      { first: 2_000_000, count: 2 * block },
      { first: 9_000_000, count: 4 * block },
    ];
    const { ids } = await allocation(own);
    const base = async (id: string, config: Record<string, string>) => (await ids.of(rowOf(id), idWish(config))).row.idBase;
    expect(await base('a', {})).toBe(2_000_000);
    expect(await base('b', { 'security.idmap.isolated': 'true', 'security.idmap.size': '70000' })).toBe(9_000_000);
    expect(await base('c', {})).toBe(9_000_000 + 2 * block);
    // From the bottom again.
    expect(await base('d', { 'security.idmap.isolated': 'true', 'security.idmap.size': '100' })).toBe(9_000_000 + 3 * block);
    expect(await base('e', {})).toBe(2_000_000 + block);
  });

  it('are given again when their instance is gone, and not before', async () => {
    const { ids, world } = await allocation([{ first: 2_000_000, count: 2 * block }]);
    const first = await world.instance('a', { idBase: 2_000_000, idCount: block });
    expect((await ids.of(rowOf('b'), idWish({}))).row.idBase).toBe(2_000_000 + block);
    await world.store.instances.delete(first.id);
    ids.freed();
    expect((await ids.of(rowOf('c'), idWish({}))).row.idBase).toBe(2_000_000);
    await expect(ids.of(rowOf('d'), idWish({ 'security.idmap.isolated': '1' }))).rejects.toMatchObject({ code: 'host.no_id_range' });
    ids.settled('b');
    ids.freed();
    expect((await ids.of(rowOf('d'), idWish({}))).row.idBase).toBe(2_000_000 + block);
  });

  it('are those of all, with a word in the log, when the host has none left', async () => {
    const { ids, said } = await allocation([]);
    expect(await ids.of(rowOf('a'), idWish({}))).toMatchObject({ map: { uid: [{ outside: 1_000_000 }] }, row: { idBase: null } });
    expect(said).toEqual(['the ids of a are shared with other instances']);
  });

  it('are looked for once, not at each start, when there are none left', async () => {
    const { ids, world } = await allocation([{ first: 2_000_000, count: block }]);
    const list = vi.spyOn(world.store.instances, 'list');
    for (const id of ['a', 'b', 'c', 'd']) await ids.of(rowOf(id), idWish({}));
    expect(list).toHaveBeenCalledTimes(2);
  });

  it('are in the row before an instance starts, follow its config, and go with it', async () => {
    const world = await World.make();
    const { verbs, store, keepers } = world;
    const source = { type: 'image', alias: 'img' };
    const plain = { description: '', architecture: '', config: {}, devices: {}, profiles: null, ephemeral: false, type: '' };
    const request = { ...plain, name: 'a', source, start: true };
    await (await verbs.create.begin('default', request)).done;
    const made = await store.instances.get('default', 'a');
    expect(made?.volatile).toMatchObject({ 'volatile.idmap.base': String(made?.idBase), 'volatile.last_state.idmap': '[]' });
    expect(made?.volatile['volatile.idmap.current']).toBe(made?.volatile['volatile.idmap.next']);
    expect(keepers.plans.at(-1)?.idMap.uid).toEqual([
      { inside: 0, outside: made?.idBase, count: block },
      { inside: block, outside: 1_000_000 + block, count: block },
    ]);
    const old = await world.instance('b');
    await world.instances.runner.up(old);
    expect((await store.instances.byId(old.id))?.idBase).not.toBe(made?.idBase);
    expect((await store.instances.byId(old.id))?.idBase).toBeGreaterThan(0);

    await world.instances.runner.down(old);
    await store.instances.update(old.id, { config: { 'security.idmap.isolated': 'false' } });
    await world.instances.runner.up({ ...old, ...(await store.instances.byId(old.id)) });
    expect(keepers.plans.at(-1)?.idMap.gid).toEqual([{ inside: 0, outside: 1_000_000, count: 2 * block }]);
    expect(await store.instances.byId(old.id)).toMatchObject({ idBase: null, idCount: null });
  });
});
