import type { Session } from './session.ts';

const batchSize = 10_000;

/** Repeats a DELETE whose last parameter is a limit, so that no statement takes long. Gives how many rows it deleted. */
export async function deleteInBatches(session: Session, sql: string, values: readonly unknown[]): Promise<number> {
  for (let total = 0; ; ) {
    const { count } = await session.write(sql, [...values, batchSize], { kind: 'harmless' });
    total += count;
    if (count < batchSize) return total;
  }
}
