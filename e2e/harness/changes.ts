import { EventEmitter, on } from 'node:events';
import { watch } from 'node:fs';
import type { LxctlClient } from '#lib/client';
import { LinuxLinks } from '#lib/host';

/**
 * Waits for what other processes do. A change is kept from the first look on, so that none is missed between a look and the
 * wait for the next one.
 */

/** Resolves when it is so, looking again after each 'change'. */
async function untilSo(source: EventEmitter, holds: () => Promise<boolean>): Promise<void> {
  const changes = on(source, 'change');
  try {
    while (!(await holds())) await changes.next();
  } finally {
    await changes.return?.();
  }
}

/** Resolves when it is so, looking again whenever something changes in the directory. */
export async function untilDirectory(directory: string, holds: () => Promise<boolean>): Promise<void> {
  const watcher = watch(directory);
  try {
    await untilSo(watcher, holds);
  } finally {
    watcher.close();
  }
}

/** Resolves when it is so, looking again whenever a link of the host is deleted, or leaves its bridge. */
export async function untilLinksGone(holds: () => Promise<boolean>): Promise<void> {
  const links = new LinuxLinks();
  const deletions = new EventEmitter();
  const unwatch = links.watch(() => deletions.emit('change'));
  try {
    await untilSo(deletions, holds);
  } finally {
    unwatch();
    links.close();
  }
}

/** Does the work and resolves at the instance's next lifecycle event of this action, which is listened for before. */
export async function untilLifecycle(client: LxctlClient, action: string, instance: string, work: () => unknown): Promise<void> {
  let told = () => {};
  const event = new Promise<void>((resolve) => (told = resolve));
  const events = await client.events.stream({ types: ['lifecycle'] }, ({ metadata }) => {
    const { action: done, source } = metadata as { action: string; source: string };
    if (done === action && source.endsWith(`/${instance}`)) told();
  });
  try {
    await work();
    await event;
  } finally {
    events.close();
  }
}
