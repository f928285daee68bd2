import { pipeline } from 'node:stream/promises';
import type { Instances } from '#lib/instance';
import type { ConnectionHandler } from '../rim/upgrades.ts';

/**
 * /1.0/instances/{name}/sftp: a client speaks with a server of files inside the instance, which is its own and ends with it. The
 * daemon passes bytes on and looks at none.
 */
export function sftpConnections(instances: Pick<Instances, 'files' | 'reader'>): ConnectionHandler {
  return async (call, [name = '']) => {
    const { stream, kill } = await instances.files.serve(await instances.reader.row(call.project, name));
    return (connection) => {
      const ways = [pipeline(connection, stream), pipeline(stream, connection)];
      void Promise.allSettled(ways).then(() => kill());
    };
  };
}
