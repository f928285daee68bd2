import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../testing.ts';
import { findBinaries } from './binaries.ts';

async function withVersions(versions: readonly string[], work: (root: string) => Promise<void>): Promise<void> {
  const root = await temporaryFolder();
  for (const version of versions) {
    const bin = join(root, version, 'bin');
    await mkdir(bin, { recursive: true });
    for (const name of ['postgres', 'initdb']) {
      await writeFile(join(bin, name), '');
      await chmod(join(bin, name), 0o755);
    }
  }
  await work(root).finally(() => rm(root, { recursive: true }));
}

it('takes the newest version that is new enough', () =>
  withVersions(['9.6', '13', '15', '17'], async (root) => {
    expect(await findBinaries({ root, path: '' })).toBe(join(root, '17', 'bin'));
  }));

it('looks on PATH when Debian has none', () =>
  withVersions(['13'], async (root) => {
    const path = join(root, '13', 'bin');
    expect(await findBinaries({ root, path: `/nowhere:${path}` })).toBe(path);
  }));

it('names the package when there is none', () =>
  withVersions(['13'], async (root) => {
    await expect(findBinaries({ root, path: '/nowhere' })).rejects.toThrow('Install Debian\'s package "postgresql"');
  }));

it('keeps to the version that made the data', async () => {
  await withVersions(['15', '17'], async (root) => {
    expect(await findBinaries({ root, path: '', major: 15 })).toBe(join(root, '15', 'bin'));
    await expect(findBinaries({ root, path: '', major: 16 })).rejects.toThrow('Install Debian\'s package "postgresql-16"');
  });
});
