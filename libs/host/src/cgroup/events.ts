import { watch } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Deferred } from '#lib/base';
import { isGone, readControl } from './files.ts';

/** Each look takes about 0.1 ms. */
const quickLooks = 20;

/**
 * Waits until `done` holds for the file's text, or the file is gone. The kernel tells changes of cgroup.events by
 * inotify (cgroup-v2, "Basic operations"), but at most once in 10 ms a file (CGROUP_FILE_NOTIFY_MIN_INTV): a change that
 * comes sooner, as a freeze does, is seen by looking again a few times. Rejects after `timeoutMs`.
 */
export async function whenFile(path: string, done: (text: string) => boolean, timeoutMs: number): Promise<void> {
  const limit = AbortSignal.timeout(timeoutMs);
  let changed = new Deferred<void>();
  const watcher = startWatch(path, () => changed.resolve());
  if (watcher === null) return;
  limit.addEventListener('abort', () => changed.resolve());
  try {
    for (let looks = 1; ; looks += 1) {
      const text = await readControl(path);
      if (text === null || done(text)) return;
      if (looks < quickLooks) continue;
      if (limit.aborted) throw new Error(`${path} did not change within ${timeoutMs} ms: ${text.trim()}`);
      await changed.promise;
      changed = new Deferred<void>();
    }
  } finally {
    watcher.close();
  }
}

function startWatch(path: string, onChange: () => void): { close(): void } | null {
  try {
    const watcher = watch(path, { persistent: true }, onChange);
    watcher.on('error', onChange);
    return watcher;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** For v1, which tells nothing: asks again and again, every 2 ms at first, then 20. */
export async function whenTrue(done: () => Promise<boolean>, timeoutMs: number, what: string): Promise<void> {
  const end = Date.now() + timeoutMs;
  for (let wait = 2; !(await done()); wait = Math.min(20, wait * 2)) {
    if (Date.now() > end) throw new Error(`${what} did not happen within ${timeoutMs} ms`);
    await pause(wait);
  }
}
