import { ConnectError, isApiError, type LxctlClient } from '#lib/client';

const pause = 50;

/** Asks until the daemon serves requests, at most so long (ms; null: no limit), also when it never answers. Whether it does. */
export async function untilReady(client: LxctlClient, limit: number | null): Promise<boolean> {
  let over = false;
  const asked = (async () => {
    while (!over) {
      if (await isReady(client)) return true;
      await later(pause);
    }
    return false;
  })();
  if (limit === null) return asked;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), limit);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    over = true;
    clearTimeout(timer);
  }
}

/** Asks until nobody listens any more. */
export async function untilGone(client: LxctlClient): Promise<void> {
  for (;;) {
    try {
      await client.server.get();
    } catch (error) {
      if (error instanceof ConnectError && ['ENOENT', 'ECONNREFUSED'].includes(error.code)) return;
    }
    await later(pause);
  }
}

async function isReady(client: LxctlClient): Promise<boolean> {
  try {
    await client.server.get();
    return true;
  } catch (error) {
    // Not allowed to connect is no matter of time.
    if (error instanceof ConnectError) {
      if (['EACCES', 'EPERM'].includes(error.code)) throw error;
      return false;
    }
    if (isApiError(error, 503)) return false;
    // A daemon that goes down in the middle of an answer.
    if (isApiError(error)) throw error;
    return false;
  }
}

/** The socket of a daemon that starts cannot be waited for in any better way: its directory may not exist yet. */
function later(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
