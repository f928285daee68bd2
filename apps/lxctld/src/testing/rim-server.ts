import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Provider, Type } from '@nestjs/common';
import request from 'supertest';
import { onlyDefault, type Projects } from '#lib/contract';
import { type Caller, introduce, unixCaller } from '../rim/caller.ts';
import { buildRim } from '../rim/rim.ts';
import type { Routes } from '../rim/routes.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Reply {
  status: number;
  headers: Record<string, string>;
  /** The whole answer, parsed where it is JSON. */
  body: Record<string, unknown>;
  error: string;
  metadata: never;
}

/** An HTTP server on the loopback with the rim and some controllers. */
export interface RimServer {
  readonly port: number;
  readonly routes: Routes;
  /** Errors that the daemon would log. */
  readonly logged: unknown[];
  call(method: Method, path: string, body?: object | string, headers?: Record<string, string>): Promise<Reply>;
  bytes(path: string): Promise<{ headers: Record<string, string>; content: Buffer }>;
  close(): Promise<void>;
}

/** Starts a server for a spec. `caller` is the identity of all requests, by default root on the unix socket. */
export async function serveRim(
  parts: { controllers: Type[]; providers?: Provider[] },
  { caller = unixCaller(0), projects = onlyDefault }: { caller?: Caller; projects?: Projects } = {},
): Promise<RimServer> {
  const logged: unknown[] = [];
  const log = { log() {}, warn() {}, error: (entry: unknown) => void logged.push(entry) };
  const { app, routes } = await buildRim({ module: class Spec {}, providers: [], ...parts }, log, projects);
  const fastify = app.getHttpAdapter().getInstance() as unknown as { routing: Parameters<typeof createServer>[1] };
  const server = createServer(fastify.routing as never);
  server.on('connection', (socket) => introduce(socket, caller));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    routes,
    logged,
    async call(method, path, body, headers = {}) {
      const sent = request(server)[method.toLowerCase() as 'get'](path).set(headers);
      if (Buffer.isBuffer(body)) sent.serialize((bytes) => bytes as string);
      const { status, headers: got, body: answer } = await (body === undefined ? sent : sent.send(body));
      return { status, headers: got, body: answer, error: answer.error, metadata: answer.metadata as never };
    },
    async bytes(path) {
      const { headers, body } = await request(server).get(path).responseType('blob');
      return { headers, content: body };
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await app.close();
    },
  };
}
