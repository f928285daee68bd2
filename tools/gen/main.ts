import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiExtensionsPage } from './api-extensions.ts';
import { commandsPage } from './commands.ts';
import { compatibilityPage } from './compatibility.ts';
import { configKeysPage } from './config-keys.ts';
import { errorsPage } from './errors.ts';
import { operationsPage } from './operations.ts';

/** Writes the reference into the directory that is named. */
const pages = {
  'api-extensions.md': apiExtensionsPage,
  'commands.md': commandsPage,
  'compatibility.md': compatibilityPage,
  'config-keys.md': configKeysPage,
  'errors.md': errorsPage,
  'operations.md': operationsPage,
};

const directory = process.argv[2] ?? 'docs/reference';
mkdirSync(directory, { recursive: true });
for (const [name, page] of Object.entries(pages)) {
  writeFileSync(join(directory, name), `<!-- Made by npm run gen; do not edit. -->\n${await page()}`);
}
