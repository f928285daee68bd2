import { keyOf } from '#lib/contract';
import { Scheduled, type Subject, type SweepUsing } from '#lib/engine';
import type { Expansion } from '#lib/profile';
import type { InstanceRow, Store } from '#lib/store';
import type { Supervision } from '../supervision.ts';
import type { Snapshot } from '../verbs/snapshot.ts';
import { scheduledKey } from '../volatile.ts';

interface Using extends SweepUsing {
  store: Store;
  expansion: Expansion;
  supervision: Supervision;
}

/** Takes the snapshots of instances that are due. The minute an instance was last due in is written with the rows of the snapshot. */
export function scheduledSnapshots(snapshot: Snapshot, using: Using): Scheduled<InstanceRow> {
  const { store, expansion, supervision } = using;
  const subject = (row: InstanceRow, config: InstanceRow['config']): Subject<InstanceRow> => {
    const schedule = keyOf(config, 'snapshots.schedule');
    const now = keyOf(config, 'snapshots.schedule.stopped') || supervision.get(row.id) !== null;
    return {
      ...{ of: row, id: row.id, name: row.name, createdAt: row.createdAt },
      due: schedule && now ? (at) => schedule.due(at, row.id) : null,
      done: Date.parse(row.volatile[scheduledKey] ?? ''),
    };
  };
  const work = {
    word: 'snapshot',
    subjects: async () =>
      (await expansion.ofAll(await store.instances.list(null))).map(({ row, expanded }) => subject(row, expanded.config)),
    begin: (row: InstanceRow, minute: Date) => snapshot.begin(row, { name: '', stateful: false, expiresAt: null }, undefined, minute),
  };
  return new Scheduled(work, using);
}
