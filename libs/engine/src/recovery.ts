import type { OperationRow, Operations } from '#lib/store';

const pageSize = 500;
const atOnce = 32;

/**
 * Hands every unfinished operation to `recover`, oldest first, a page in memory and some at once: a crash under load can
 * leave very many. `overtaken`: a later operation held one of its locks and succeeded.
 */
export async function recoverAll(
  operations: Operations,
  recover: (row: OperationRow, overtaken: boolean) => Promise<unknown>,
): Promise<void> {
  for (let after: OperationRow | null = null; ; ) {
    const page: OperationRow[] = await operations.unfinished({ after, limit: pageSize });
    if (page.length === 0) return;
    const overtaken = new Set(await operations.overtaken(page.map(({ id }) => id)));
    const waiting = page.values();
    const work = async () => {
      for (const row of waiting) await recover(row, overtaken.has(row.id));
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    after = page.at(-1) ?? null;
  }
}
