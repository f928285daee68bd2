import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pointLink, removeTree } from '#lib/host';

/** Makes a directory hold these links and nothing else: a crash may have come between a row and its link. */
export async function repairLinks(directory: string, links: readonly (readonly [link: string, target: string])[]): Promise<void> {
  const wanted = new Set(links.map(([link]) => link));
  for (const name of await readdir(directory)) {
    const link = join(directory, name);
    if (!wanted.has(link)) await removeTree(link);
  }
  for (const [link, target] of links) await pointLink(link, target);
}
