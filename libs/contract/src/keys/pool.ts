import { defineKeys, type KeyCatalogue } from './define.ts';
import { keyType, text } from './types.ts';

const absolutePath = keyType(
  'an absolute path without . or .. components',
  (value) => value.startsWith('/') && !value.includes('\0') && !value.split('/').some((part) => part === '..' || part === '.'),
);

const rows = {
  source: {
    type: absolutePath,
    doc: 'Directory that holds the pool; set at creation only. Unset: a directory of the server.',
    live: false,
  },
  'user.*': { type: text, doc: 'Free for users; can be searched.', live: true },
  'volatile.initial_source': { type: text, doc: 'The source as it was given at creation.', live: false },
};

/** What may be configured on a storage pool, by driver. */
export const poolKeys: Readonly<Record<string, KeyCatalogue>> = {
  overlay: defineKeys('storage.overlay', rows),
  dir: defineKeys('storage.dir', rows),
};
