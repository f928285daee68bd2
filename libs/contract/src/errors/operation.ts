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
    () => 'The server stopped during the operation, and its changes were undone',
    'The daemon was stopped or crashed while the operation ran. Repeat the request.',
  ),
} as const;
