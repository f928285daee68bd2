import { ConnectError, isApiError, type LxctlClient } from '#lib/client';

const pause = 50;

/** Asks until the daemon serves requests, at most so long (ms; null: no limit). Whether it does. */
export async function untilReady(client: LxctlClient, limit: number | null, now: () => Date): Promise<boolean> {
  const end = limit === null ? Number.POSITIVE_INFINITY : now().getTime() + limit;
  for (;;) {
    if (await isReady(client)) return true;
    if (now().getTime() >= end) return false;
    await later(pause);
  }
}

/** Asks until nobody listens any more. */
export async function untilGone(client: LxctlClient): Promise<void> {
  for (;;) {
    try {
      await client.server.get();
    } catch (failure) {
      if (failure instanceof ConnectError && ['ENOENT', 'ECONNREFUSED'].includes(failure.code)) return;
    }
    await later(pause);
  }
}

async function isReady(client: LxctlClient): Promise<boolean> {
  try {
    await client.server.get();
    return true;
  } catch (failure) {
    // Not allowed to connect is no matter of time.
    if (failure instanceof ConnectError) {
      if (['EACCES', 'EPERM'].includes(failure.code)) throw failure;
      return false;
    }
    if (isApiError(failure, 503)) return false;
    // A daemon that goes down in the middle of an answer.
    if (isApiError(failure)) throw failure;
    return false;
  }
}

/** The socket of a daemon that starts cannot be waited for in any better way: its directory may not exist yet. */
function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
