import { on } from 'node:events';
import { watch } from 'node:fs';
import { LinuxLinks } from '#lib/host';

/**
 * Waits for what other processes do. Each looks again after every change that it is told of, also of one that comes while it
 * looks, so that nothing is missed between a look and the wait for the next change.
 */

/** Resolves when it is so, looking again whenever something changes in the directory. */
export async function untilDirectory(directory: string, holds: () => Promise<boolean>): Promise<void> {
  const watcher = watch(directory);
  const changes = on(watcher, 'change');
  try {
    while (!(await holds())) await changes.next();
  } finally {
    await changes.return?.();
    watcher.close();
  }
}

/** Resolves when it is so, looking again whenever a link of the host is deleted, or leaves its bridge. */
export async function untilLinksGone(holds: () => Promise<boolean>): Promise<void> {
  const links = new LinuxLinks();
  let told = () => {};
  const next = () => new Promise<void>((resolve) => (told = resolve));
  let change = next();
  const unwatch = links.watch(() => {
    told();
    change = next();
  });
  try {
    for (let coming = change; !(await holds()); coming = change) await coming;
  } finally {
    unwatch();
    links.close();
  }
}
