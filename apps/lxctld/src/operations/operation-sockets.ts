import { LxError } from '#lib/contract';
import type { Engine } from '#lib/engine';
import type { UpgradeHandler } from '../rim/upgrades.ts';

/** /1.0/operations/{id}/websocket?secret=. The secret is checked before the upgrade, so that a wrong one is answered with a plain 403. */
export function operationSockets(engine: Engine): UpgradeHandler {
  return (call, [id = '']) => {
    const secret = call.parameter('secret');
    if (secret === '') throw new LxError('operation.no_secret');
    if (!engine.get(id)) throw new LxError('operation.not_found');
    if (!engine.accepts(id, secret)) throw new LxError('operation.bad_secret');
    return (socket) => {
      try {
        engine.connect(id, secret, socket);
      } catch {
        // Another client used the same secret between the check and the end of the handshake.
        socket.close(1008);
      }
    };
  };
}
