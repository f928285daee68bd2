import type { StringMap } from '#lib/base';
import { LxError } from '#lib/contract';
import { defineOperation, type OperationSpec } from '#lib/engine';
import { type PoolRow, RowConflict, type Store } from '#lib/store';
import type { OpenPools } from './open-pools.ts';
import { clearPlace } from './pool-place.ts';
import { chooseSite, makeSite, unmakeSite } from './pool-site.ts';

/** The pool as it is to be. */
export type CreatePoolParams = { id: string; name: string; driver: string; description: string; config: StringMap };
export type DeletePoolParams = CreatePoolParams;

interface Using {
  stateDir: string;
  store: Store;
  open: OpenPools;
}
type Nothing = Record<string, never>;

export type PoolOperations = ReturnType<typeof poolOperations>;

/** The operations on pools, by name; register them all. Each holds the pool's name and what the pool is on. */
export function poolOperations(using: Using) {
  return { create: creating(using), delete: deleting(using) };
}

function creating({ stateDir, store, open }: Using): OperationSpec<CreatePoolParams, Nothing> {
  const others = async ({ id }: CreatePoolParams) => (await store.pools.list()).filter((pool) => pool.id !== id);
  return defineOperation<CreatePoolParams, Nothing>({
    kind: 'pool.create',
    onCrash: 'unwind',
    steps: [
      {
        // Another pool may have come to be there, before the operation held the place.
        name: 'choose',
        async do({ params }) {
          const pools = await others(params);
          if (pools.some(({ name }) => name === params.name)) throw new LxError('pool.exists');
          await chooseSite(stateDir, { ...params, config: asGiven(params) }, open.driver(params.driver), pools);
        },
      },
      {
        name: 'make',
        async do({ params }) {
          const { driver, site, layout, prepare } = opened(open, params);
          await makeSite(site, driver);
          await driver.pool.probe(layout.directory);
          await prepare();
        },
        undo: ({ params }) => removing(open, params),
      },
      {
        name: 'row',
        async do() {},
        async commit({ params }, writes) {
          await writes.pools.insert({ ...params }).catch((error: unknown) => {
            throw error instanceof RowConflict ? new LxError('pool.exists', undefined, { cause: error }) : error;
          });
        },
        undo: async ({ params }) => store.pools.delete(params.id),
      },
    ],
  });
}

function deleting({ open }: Using): OperationSpec<DeletePoolParams, Nothing> {
  return defineOperation<DeletePoolParams, Nothing>({
    kind: 'pool.delete',
    makesRoom: true,
    onCrash: 'resume',
    steps: [
      {
        name: 'forget',
        async do() {},
        async commit({ params: { id, name } }, writes) {
          const row = await writes.pools.lock(name);
          if (row?.id !== id) throw new LxError('pool.not_found');
          // Trees of images go with the pool; any other volume holds it.
          for (const volume of await writes.volumes.list(id)) if (volume.type === 'image') await writes.volumes.delete(volume.id);
          await writes.pools.delete(id).catch((error: unknown) => {
            throw error instanceof RowConflict ? new LxError('pool.in_use', undefined, { cause: error }) : error;
          });
        },
      },
      { name: 'remove', do: ({ params }) => removing(open, params) },
    ],
  });
}

function opened(open: OpenPools, params: CreatePoolParams) {
  const pool = open.open(rowOf(params));
  return { driver: pool.driver, site: pool.site, layout: pool.layout, prepare: () => pool.prepare() };
}

async function removing(open: OpenPools, params: CreatePoolParams): Promise<void> {
  const { driver, site, layout } = opened(open, params);
  open.forget(rowOf(params));
  await unmakeSite(site, driver);
  await clearPlace(layout, site.own);
}

const rowOf = (params: CreatePoolParams): PoolRow => ({ ...params });

/** What was asked for before the server chose. */
function asGiven({ config }: CreatePoolParams): StringMap {
  const { source: _, ...others } = config;
  const { 'volatile.initial_source': source, ...given } = others;
  return source === undefined ? given : { ...given, source };
}
