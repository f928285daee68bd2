import { row } from './catalogue.ts';

/** Errors about operations. */
export const operationErrors = {
  'operation.socket_timeout': row(
    400,
    () => 'Timed out waiting for websockets to connect',
    'The client did not connect the websockets of the operation in time.',
  ),
  'operation.interrupted': row(
    500,
    () => 'The server ended in the middle of the operation; what it had done was undone',
    'The daemon was stopped or crashed while the operation ran. Nothing of it is left; ask again.',
  ),
} as const;
