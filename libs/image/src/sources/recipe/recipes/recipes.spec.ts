import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mirrorsFor, parseDeb822, parseOneLine } from './apt-sources.ts';
import { builtImage, localImages } from '../../../testing/archive-samples.ts';
import { busyboxRecipe } from './busybox.ts';
import type { LocalImages } from '../../../local-images.ts';
import { MemoryStore } from '../../../../../store/src/fake/index.ts';

let stateDir = '';
let store: MemoryStore;
let images: LocalImages;

beforeEach(async () => {
  stateDir = await mkdtemp('/tmp/lxctl-recipes-');
  store = new MemoryStore();
  images = localImages({ stateDir, store, recipes: [busyboxRecipe()] });
  await images.prepare();
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const hasBusybox = await lstat('/bin/busybox').then(
  () => true,
  () => false,
);

describe.skipIf(!hasBusybox)('busybox recipe (needs busybox-static)', () => {
  it('makes a small image with an init that runs', async () => {
    const row = await builtImage(images, 'busybox');
    expect(row).toMatchObject({ layout: 'unified', properties: { 'lxctl.recipe': 'busybox', os: 'BusyBox' } });
    expect(row.size).toBeLessThan(1_500_000);
    expect((await store.images.alias('default', 'busybox'))?.fingerprint).toBe(row.fingerprint);
  });

  it('is built once, also for callers that come together', async () => {
    const rows = await Promise.all([1, 2, 3].map(() => builtImage(images, 'busybox')));
    rows.push(await builtImage(images, 'busybox'));
    expect(new Set(rows.map((row) => row.fingerprint)).size).toBe(1);
    expect((await images.list('default')).length).toBe(1);
    expect(await readdir(images.files.incoming(''))).toEqual([]);
  });

  it('leaves an alias of the user alone', async () => {
    const first = await builtImage(images, 'busybox');
    await store.images.update('default', first.fingerprint, { properties: {} });
    await store.images.insert({ ...first, fingerprint: 'f'.repeat(64), properties: {} });
    await store.images.updateAlias('default', 'busybox', { fingerprint: 'f'.repeat(64) });
    await builtImage(images, 'busybox');
    expect((await store.images.alias('default', 'busybox'))?.fingerprint).toBe('f'.repeat(64));
  });

  it('names the package that is missing', async () => {
    images = localImages({ stateDir, store, recipes: [busyboxRecipe('/nowhere/busybox')] });
    await expect(builtImage(images, 'busybox')).rejects.toThrow('install the Debian package busybox-static');
  });

  it('refuses a recipe nobody knows', async () => {
    await expect(builtImage(images, 'plan9')).rejects.toThrow('No image recipe "plan9": there is busybox');
  });
});

describe('apt sources', () => {
  const deb822 =
    'Types: deb\n# a comment\nURIs: http://mirror/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /k.gpg\n\nTypes: deb deb-src\nURIs: http://mirror/security\nSuites: bookworm-security\nComponents: main contrib\n\nEnabled: no\nTypes: deb\nURIs: http://off\nSuites: bookworm\nComponents: main\n';

  it('are read in both styles', () => {
    expect(parseDeb822(deb822).map(({ uri, suite }) => `${uri} ${suite}`)).toEqual([
      'http://mirror/debian bookworm',
      'http://mirror/debian bookworm-updates',
      'http://mirror/security bookworm-security',
    ]);
    expect(
      parseOneLine(
        '# x\ndeb [arch=amd64 signed-by=/k.gpg] http://m/debian bookworm main contrib # c\ndeb-src http://m/debian bookworm main\n',
      ),
    ).toEqual([{ uri: 'http://m/debian', suite: 'bookworm', components: ['main', 'contrib'], signedBy: '/k.gpg' }]);
  });

  it('become mirrors of the release', () => {
    expect(mirrorsFor('bookworm', parseDeb822(deb822))).toEqual([
      'deb [signed-by="/k.gpg"] http://mirror/debian bookworm main',
      'deb [signed-by="/k.gpg"] http://mirror/debian bookworm-updates main',
      'deb http://mirror/security bookworm-security main',
    ]);
    expect(mirrorsFor('bookworm', [{ uri: 'http://m/debian', suite: 'trixie', components: ['main'], signedBy: null }])).toEqual([
      'deb http://m/debian bookworm main',
    ]);
    expect(mirrorsFor('bookworm', [])).toEqual(['deb http://deb.debian.org/debian bookworm main']);
  });
});
