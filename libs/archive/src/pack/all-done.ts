/**
 * Waits for works that are joined by streams, so that one which fails breaks the others. Rejects with what failed first by
 * itself: the words of a program, before the broken pipes that follow from them.
 */
export async function allDone(works: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(works);
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []));
  const cause = failures.find(speaks) ?? failures.find((failure) => !follows(failure)) ?? failures[0];
  if (cause) throw cause;
}

function speaks({ name }: Error): boolean {
  return name === 'ProgramFailed' || name === 'LxError';
}

function follows(failure: Error & { code?: unknown }): boolean {
  return failure.name === 'AbortError' || failure.code === 'EPIPE' || failure.code === 'ERR_STREAM_PREMATURE_CLOSE';
}
