import { defineKeys } from './define.ts';
import { integer, text } from './types.ts';

/** Keys of the server's own config (`/1.0`). */
export const serverKeys = defineKeys('server', {
  'core.shutdown_timeout': {
    type: integer({ min: 0, max: 100_000 }),
    doc: 'Minutes that a shutdown of the server waits for running operations before it goes on without them.',
    default: '5',
    live: true,
    since: '0.1.0',
  },
  'user.*': { type: text, doc: 'Free for your own use; shown, never read.', live: true, since: '0.1.0' },
});
