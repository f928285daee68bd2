import { LxError } from '#lib/contract';
import { type HostIds, idsOfABlock } from '#lib/host';
import type { InstanceRow, Store } from '#lib/store';
import type { Told } from '#lib/warning';
import type { VolatileChange } from '../volatile-change.ts';
import { type IdBlock, type IdMap, idMapOf, idMapText, type IdWish, withRawIds } from './map.ts';

/** The ids of one instance. */
export interface InstanceIds {
  map: IdMap;
  /** For its row. */
  row: Pick<InstanceRow, 'idBase' | 'idCount'>;
  /** As LXD notes them. Nothing is ever shifted on disk, so volatile.last_state.idmap stays empty. */
  volatile: VolatileChange;
}

interface Using {
  store: Store;
  host: { ids: HostIds };
  warnings: Told;
  report: (message: string, cause: unknown) => void;
}

/**
 * Gives each instance its own host ids. What is taken stands in the instances' rows, where no two may overlap; here it is
 * remembered so that instances made at once do not ask for the same. A block is given again only when all others were:
 * what the kernel still counts for a deleted instance's ids is then long gone.
 */
export class IdAllocation {
  readonly #using: Using;
  /** Given in this round and not known to be free: those in rows, and those under way. */
  #taken: Map<string, IdBlock> | null = null;
  #loading: Promise<Map<string, IdBlock>> | null = null;
  readonly #underWay = new Map<string, IdBlock>();
  #next = 0;
  /** Sizes that were not to be had, until an instance goes. */
  readonly #exhausted = new Set<number>();

  constructor(using: Using) {
    this.#using = using;
  }

  /**
   * The ids that `wish` asks for: those it has, if they will do, or new ones. When the host has none left, an instance that
   * did not ask to be isolated shares those of all, and one that did is refused ('host.no_id_range').
   */
  async of(row: Pick<InstanceRow, 'id' | 'name' | 'idBase' | 'idCount'>, wish: IdWish): Promise<InstanceIds> {
    const { ids } = this.#using.host;
    const raw = wish.raw ?? [];
    if (wish.kind === 'shared') return result(withRawIds(idMapOf(ids, 'shared', null), raw), null);
    if (wish.kind === 'isolated' && wish.base !== null)
      return result(withRawIds(idMapOf(ids, 'isolated', { base: wish.base, count: wish.count }), raw), null, wish.base);
    const has = row.idBase !== null && row.idCount === wish.count ? { base: row.idBase, count: wish.count } : null;
    const block = has ?? (await this.#take(row.id, wish.count));
    if (block !== null) return result(withRawIds(idMapOf(ids, wish.kind, block), raw), block);
    const reason = `all blocks of ids that root has for single instances are given out (security.idmap.isolated of ${row.name})`;
    if (wish.kind === 'isolated') throw new LxError('host.no_id_range', { reason });
    this.#using.report(`the ids of ${row.name} are shared with other instances`, new LxError('host.no_id_range', { reason }));
    return result(withRawIds(idMapOf(ids, 'shared', null), raw), null);
  }

  /** As `of`, for an instance that is about to start; what is new is written to its row first. */
  async ofStart(row: InstanceRow, wish: IdWish): Promise<InstanceIds> {
    const ids = await this.of(row, wish);
    if (ids.row.idBase !== row.idBase || ids.row.idCount !== row.idCount) await this.#using.store.instances.update(row.id, ids.row);
    this.settled(row.id);
    const subject = { entity: 'instance', id: row.id, project: row.project } as const;
    if (wish.kind === 'own' && ids.row.idBase === null)
      this.#using.warnings.tell('instance.ids_shared', 'The host has no block of ids left for this instance alone', subject);
    else this.#using.warnings.over('instance.ids_shared', subject);
    return { ...ids, volatile: { ...ids.volatile, 'volatile.idmap.current': idMapText(ids.map) } };
  }

  /** What was given to it stands in its row now, or is not wanted. */
  settled(id: string): void {
    this.#underWay.delete(id);
  }

  /** An instance is deleted: what was not to be had may be there now. */
  freed(): void {
    this.#exhausted.clear();
  }

  async #take(id: string, count: number): Promise<IdBlock | null> {
    if (this.#exhausted.has(count)) return null;
    const found = this.#find(await this.#load(), count) ?? this.#find(await this.#load(true), count);
    if (found === null) {
      this.#exhausted.add(count);
      return null;
    }
    this.#taken?.set(id, found);
    this.#underWay.set(id, found);
    this.#next = found.base + count;
    return found;
  }

  /** The first free block from where the last one ended. */
  #find(taken: ReadonlyMap<string, IdBlock>, count: number): IdBlock | null {
    const used = [...taken.values()].filter(({ base, count: size }) => base + size > this.#next).sort((a, b) => a.base - b.base);
    for (const { first, count: size } of this.#using.host.ids.own) {
      let base = Math.max(first, Math.ceil((this.#next - first) / idsOfABlock) * idsOfABlock + first);
      for (const block of used) {
        if (block.base + block.count <= base) continue;
        if (block.base >= base + count) break;
        base = first + Math.ceil((block.base + block.count - first) / idsOfABlock) * idsOfABlock;
      }
      if (base + count <= first + size) return { base, count };
    }
    return null;
  }

  /** What is taken; `again`: asks the rows and begins at the bottom, which gives free what was deleted meanwhile. */
  async #load(again = false): Promise<Map<string, IdBlock>> {
    if (this.#taken !== null && !again) return this.#taken;
    this.#loading ??= this.#read().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #read(): Promise<Map<string, IdBlock>> {
    const rows = await this.#using.store.instances.list(null);
    const taken = new Map(this.#underWay);
    for (const { id, idBase, idCount } of rows) if (idBase !== null && idCount !== null) taken.set(id, { base: idBase, count: idCount });
    this.#next = 0;
    this.#taken = taken;
    return taken;
  }
}

function result(map: IdMap, block: IdBlock | null, base = block?.base ?? 0): InstanceIds {
  const volatile = { 'volatile.idmap.base': String(base), 'volatile.idmap.next': idMapText(map) };
  return { map, row: { idBase: block?.base ?? null, idCount: block?.count ?? null }, volatile };
}
