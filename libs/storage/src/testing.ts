import { OperationEngine } from '#lib/engine';
import type { Store } from '#lib/store';
import type { StorageDriver } from './driver.ts';
import { storageDrivers } from './drivers/index.ts';

/** The real drivers without the probe, which needs root. For specs. */
export const unprobedDrivers: Readonly<Record<string, StorageDriver>> = Object.fromEntries(
  Object.entries(storageDrivers).map(([name, driver]) => [name, { ...driver, pool: { ...driver.pool, probe: async () => {} } }]),
);

/** Runs operations of which nobody is told. For specs. */
export const quietEngine = (store: Store) => new OperationEngine({ store, report: () => {} });
