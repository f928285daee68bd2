import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { configKeysPage } from './config-keys.ts';

const root = join(import.meta.dirname, '../..');

/** The scopes of all catalogues, read off the source: what is not exported where the page looks would be missed otherwise. */
function scopes(): string[] {
  const files = ['libs', 'apps'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(root, folder, path)),
  );
  const sources = files.filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts')).map((path) => readFileSync(path, 'utf8'));
  return sources.flatMap((text) =>
    [...text.matchAll(/(?<!function )\bdefineKeys\(\s*([^,]*)/g)].map(([, scope = '']) => scope.replace(/^'(.*)'$/, '$1')),
  );
}

it('has a section for every catalogue of keys that is defined anywhere', () => {
  const page = configKeysPage();
  const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  expect(scopes().length).toBeGreaterThan(4);
  expect(new Set(sections)).toEqual(new Set([...scopes(), 'Refused']));
});
